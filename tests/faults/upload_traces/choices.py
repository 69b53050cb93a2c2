"""What Hypothesis chooses from. The first of each kind is what a failing trace is reduced to."""

from hypothesis import strategies as st

from sluice.domain.parts import MIB
from tests.faults.upload_traces.trouble import STEPS, Trouble

SIZES = (1, 5 * MIB, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB, 16 * MIB + 1, 20 * MIB, 24 * MIB, 80_000 * MIB + 1)
DEEDS = (
    "abort",
    "send",
    "replace",
    "put_beyond",
    "put_larger",
    "complete",
    "join",
    "accept",
    "join_behind",
    "plant",
    "late",
    "sweep",
)
TROUBLES = st.one_of(
    *[st.none()] * 7,  # most calls meet none
    st.builds(Trouble, st.just("crash"), st.integers(0, STEPS - 1)),
    st.builds(Trouble, st.just("fault"), st.integers(0, STEPS - 1)),
    st.builds(Trouble, st.just("conflict"), st.integers(0, 1)),
    st.builds(Trouble, st.just("meanwhile"), st.integers(0, STEPS - 1), st.sampled_from(DEEDS)),
)
# Where parts may be joined, that moment is the one to look at.
JOINING = st.one_of(
    TROUBLES,
    *[
        st.builds(
            Trouble,
            st.just("while joining"),
            deed=st.sampled_from(
                ("replace", "put_larger", "put_beyond", "abort", "join", "join_behind", "plant"),
            ),
        )
    ]
    * 3,
)
DECLARED = ("none", "none", "crc64nvme", "crc32c", "wrong")
BEHIND = (
    *[("complete_behind", which) for which in ("all", "first", "last")],
    *[("put_behind", which, size) for which in ("first", "last", "beyond") for size in (1, 5 * MIB)],
    *[("plant", longer) for longer in (0, 1, 1_000_000)],
    ("lose_multipart",),
)
SECONDS = (*[1, 30, 61] * 5, 400, 901, 1100, 3601, 86_401)
