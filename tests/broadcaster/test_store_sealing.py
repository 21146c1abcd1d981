"""Sealed numbers: unreadable, unlinkable, untouchable without the key."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from broadcaster.store.sealing import Seal, SealError, new_key

KEY = SecretStr(new_key())
NUMBER = "+46701740605"


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_can_be_opened_again(number: str) -> None:
    assert Seal(KEY).open(Seal(KEY).close(number)) == number


def test_a_seal_looks_different_each_time_and_shows_nothing() -> None:
    sealed = {Seal(KEY).close(NUMBER) for _ in range(100)}
    assert len(sealed) == 100
    assert not any("701740605" in one or b"701740605" in base64.b64decode(one) for one in sealed)


def test_a_number_is_looked_up_by_the_same_hash_each_time_and_by_another_with_another_key() -> None:
    assert Seal(KEY).lookup(NUMBER) == Seal(KEY).lookup(NUMBER)
    assert Seal(KEY).lookup(NUMBER) != Seal(KEY).lookup("+46701740606")
    assert Seal(KEY).lookup(NUMBER) != Seal(SecretStr(new_key())).lookup(NUMBER)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealError, match="use the key file they were made with"):
        Seal(SecretStr(new_key())).open(Seal(KEY).close(NUMBER))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda sealed: sealed[:8],
        lambda sealed: sealed[:-4],
        lambda sealed: ("B" if sealed[0] == "A" else "A") + sealed[1:],
        lambda _: "no base64 at all",
        lambda sealed: "å" + sealed,
    ],
    ids=["empty", "nonce cut", "cut", "changed", "no base64", "no ASCII"],
)
def test_what_was_tampered_with_is_refused(spoil: Callable[[str], str]) -> None:
    with pytest.raises(SealError):
        Seal(KEY).open(spoil(Seal(KEY).close(NUMBER)))


@pytest.mark.parametrize("key", ["", "nyckel", "nyckel på svenska", "A" * 43, base64.b64encode(b"x" * 31).decode()])
def test_what_is_no_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SealError, match="base64 of 32 bytes") as caught:
        Seal(SecretStr(key))
    assert not key or key not in str(caught.value)


def test_keys_are_fresh() -> None:
    assert new_key() != new_key()
    assert len(base64.b64decode(new_key())) == 32
