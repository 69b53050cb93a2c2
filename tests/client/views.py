"""Answers in the API's shape, made up."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.client.slot import Slot

MOMENT = "2026-12-01T10:05:00.123Z"
FAILURE = {"code": "input.not_video", "class": "input", "retryable": False, "message": "There is no video in it."}


def problem(status: int, code: str) -> dict[str, Any]:
    return {
        "type": f"urn:sluice:error:{code}",
        "title": code,
        "status": status,
        "detail": f"about {code}",
        "instance": "/v1",
        "code": code,
        "request_id": "req-1",
        "correlation_id": "cor-1",
        "retryable": False,
        "errors": [{"pointer": "/title", "code": "too_long", "detail": "Too long."}] if status == 422 else [],
    }


def upload_view(slot: "Slot") -> dict[str, Any]:
    return {
        "upload_id": slot.upload_id,
        "asset_id": slot.upload_id.replace("upl", "ast"),
        "playback_id": slot.upload_id.replace("upl", "plb"),
        "state": slot.state,
        "size_bytes": slot.size or None,
        "part_size": slot.part_size,
        "part_count": slot.part_count,
        "content_type": slot.request.get("content_type", "video/mp4"),
        "filename": slot.request.get("filename"),
        "creator_id": slot.request.get("creator_id"),
        "intake_policy_id": slot.request.get("intake_policy_id"),
        "transcode": slot.request.get("transcode", "auto"),
        "progress": slot.progress and dict(zip(("bytes", "total"), slot.progress, strict=True)),
        "error": FAILURE if slot.state == "failed" else None,
        "created_at": MOMENT,
        "expires_at": MOMENT,
    }


def asset_view(asset_id: str, state: str = "ready") -> dict[str, Any]:
    return {
        "asset_id": asset_id,
        "upload_id": asset_id.replace("ast", "upl"),
        "job_id": None if state == "uploaded" else "job_1",
        "state": state,
        "playable": state == "ready",
        "review": None,
        "creator_id": None,
        "playback_ids": ["plb_1"],
        "playback_policy": "signed",
        "active_version": "ver_1" if state == "ready" else None,
        "encoding_profile": {"id": "enc_1", "version": 2},
        "thumbnail_id": None,
        "title": "A \x1b[31mred\x1b[0m film",
        "external_id": None,
        "tags": ["a", "b"],
        "metadata": {"class": "4b"},
        "duration_s": 12.5,
        "error": FAILURE if state == "failed" else None,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "something_new": 1,
    }


def job_view(job_id: str) -> dict[str, Any]:
    progress = {
        "stage": "encode",
        "percent": 41.5,
        "realtime_factor": None,
        "attempt": 1,
        "chunks_done": 2,
        "chunks_total": 9,
        "updated_at": MOMENT,
    }
    rungs: list[dict[str, Any]] = [
        {"rendition": "v720", "crf": 27, "vmaf": 93.5, "kbps": 1_840, "kept": True},
        {"rendition": "v360", "crf": 23, "vmaf": None, "kbps": None, "kept": False},
    ]
    return {
        "job_id": job_id,
        "asset_id": "ast_1",
        "state": "running",
        "attempt": 1,
        "encoding_profile": None,
        "capacity": "FARGATE_SPOT",
        "progress": progress,
        "quality": {"sampled": True, "renditions": rungs},
        "version_id": None,
        "error": None,
        "created_at": MOMENT,
        "started_at": MOMENT,
        "queue_wait_s": 1.5,
        "finished_at": None,
    }


def session_view(playback_id: str) -> dict[str, Any]:
    return {
        "session_id": "ses_1",
        "playback_id": playback_id,
        "hls_url": "https://media.example/v1/play/plb_1/master.m3u8?token=t",
        "dash_url": "https://media.example/v1/play/plb_1/manifest.mpd?token=t",
        "poster_url": None,
        "storyboard_url": None,
        "preview_url": None,
        "expires_at": MOMENT,
    }


def thumbnail_view(thumbnail_id: str, asset_id: str, state: str, time_s: float | None) -> dict[str, Any]:
    return {
        "thumbnail_id": thumbnail_id,
        "asset_id": asset_id,
        "source": "upload" if time_s is None else "time",
        "time_s": time_s,
        "state": state,
        "error": FAILURE if state == "failed" else None,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
