"""Runs Shaka Streamer once: `python run_shaka_streamer.py FOLDER [PRESET]`, in the virtual environment that holds it.

FOLDER holds `input.json`, `pipeline.json` and `bitrates.json`, as its documentation describes them, and gets `output`.
Prints the processor seconds of the programs that it started. Its preset is a constant in its code, `slow`; with PRESET
the argument lists that it builds are changed in this process, as it has no setting for that.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from streamer.controller_node import ControllerNode  # type: ignore[import-not-found]
from streamer.node_base import ProcessStatus  # type: ignore[import-not-found]
from streamer.transcoder_node import TranscoderNode  # type: ignore[import-not-found]

POLL_S = 0.2


def use_preset(preset: str) -> None:
    encode_video = TranscoderNode._encode_video

    def with_preset(self: Any, stream: Any, media_input: Any) -> list[str]:
        options: list[str] = encode_video(self, stream, media_input)
        options[options.index("-preset") + 1] = preset
        return options

    TranscoderNode._encode_video = with_preset


def main(folder: Path, preset: str | None) -> int:
    if preset is not None:
        use_preset(preset)
    settings = [json.loads((folder / f"{name}.json").read_text()) for name in ("input", "pipeline", "bitrates")]
    controller = ControllerNode()
    with controller.start(str(folder / "output"), *settings):
        while (status := controller.check_status()) == ProcessStatus.RUNNING:
            time.sleep(POLL_S)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime)
    return 0 if status == ProcessStatus.FINISHED else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
