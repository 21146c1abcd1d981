"""Whose address counts behind proxies, and which forms are not ours."""

from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from broadcaster.web.visitors import behind, is_from_elsewhere

PROXIES = [ip_network("10.0.0.0/8"), ip_network("127.0.0.1")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["203.0.113.1"], "192.0.2.7"),  # nobody that we trust says so
        ("127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["198.51.100.9, 203.0.113.1"], "203.0.113.1"),  # what stands before was the visitor's to write
        ("127.0.0.1", ["198.51.100.9", "203.0.113.1, 10.1.2.3"], "203.0.113.1"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["", ","], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("127.0.0.1", ["2001:db8:1:2::9"], "2001:db8:1:2::/64"),
        ("", [], ""),
    ],
)
def test_only_proxies_of_ours_are_believed(peer: str, forwarded: list[str], expected: str) -> None:
    assert behind(peer, forwarded, PROXIES) == expected


@pytest.mark.parametrize("origin", ["http://[", "https://elsewhere.example.se"])
def test_a_form_whose_origin_is_not_ours_is_from_elsewhere(origin: str) -> None:
    request = make_mocked_request(
        "POST", "/", headers={"Host": "ours.example.se", "Origin": origin}, app=web.Application()
    )
    assert is_from_elsewhere(request)
