"""The sandbox as Facebook's Graph API, against what its documentation says and what facebook-sdk makes of it."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import requests
from yarl import URL

from channels.sandbox import Sandbox

PAGE = "1000001"
TOKEN = "page-token"
SECRET = "app-secret"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sandbox.base_url("facebook") + "/v26.0/") as session:
        yield session


Reply = tuple[int, Mapping[str, Any]]


async def post(http: aiohttp.ClientSession, path: str, **form: str) -> Reply:
    async with http.post(path, data={"access_token": TOKEN} | form) as answer:
        return answer.status, await answer.json()


async def get(http: aiohttp.ClientSession, path: str, **query: str) -> Reply:
    async with http.get(path, params={"access_token": TOKEN} | query) as answer:
        return answer.status, await answer.json()


async def delete(http: aiohttp.ClientSession, path: str) -> Reply:
    async with http.delete(path, params={"access_token": TOKEN}) as answer:
        return answer.status, await answer.json()


async def publish(http: aiohttp.ClientSession, message: str, page: str = PAGE) -> str:
    status, payload = await post(http, f"{page}/feed", message=message)
    assert status == 200
    return str(payload["id"])


def codes(reply: Reply) -> tuple[int, int, int | None]:
    status, payload = reply
    error = payload["error"]
    assert error["message"]
    assert error["fbtrace_id"]
    return status, error["code"], error.get("error_subcode")


async def test_a_published_post_is_on_its_page(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    form = {"access_token": TOKEN, "message": "Växeln fungerar."}
    async with http.post(f"{PAGE}/feed", data=form) as answer:
        assert answer.status == 200
        assert answer.headers["facebook-api-version"] == "v26.0"
        assert set(json.loads(answer.headers["X-App-Usage"])) == {"call_count", "total_time", "total_cputime"}
        identity = (await answer.json())["id"]
    assert identity.startswith(f"{PAGE}_")
    (shown,) = sandbox.posts
    assert (shown.page, shown.id, shown.message) == (PAGE, identity, "Växeln fungerar.")
    assert (shown.withdrawn, shown.history, shown.created) == (False, (), shown.updated)


async def test_an_edited_post_keeps_its_place_and_its_history(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    identity = await publish(http, "Fel text")
    assert await post(http, identity, message="Rätt text") == (200, {"success": True})
    (shown,) = sandbox.posts
    assert (shown.id, shown.message, shown.history) == (identity, "Rätt text", ("Fel text",))
    assert shown.created < shown.updated


async def test_the_same_text_again_is_no_edit(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    identity = await publish(http, "Text")
    for _ in range(2):
        assert await post(http, identity, message="Ny text") == (200, {"success": True})
    assert sandbox.posts[0].history == ("Text",)


async def test_what_another_app_or_a_person_has_published_can_neither_be_edited_nor_deleted() -> None:
    proofs = [hmac.new(secret.encode(), TOKEN.encode(), "sha256").hexdigest() for secret in ("another", SECRET)]
    async with (
        Sandbox(app_secrets=["another", SECRET]) as sandbox,
        aiohttp.ClientSession(sandbox.base_url("facebook") + "/v26.0/") as http,
    ):
        _, answer = await post(http, f"{PAGE}/feed", message="Hej", appsecret_proof=proofs[0])
        for identity in (answer["id"], sandbox.publish(PAGE, "För hand").id):
            assert codes(await post(http, identity, message="Ändrat", appsecret_proof=proofs[1])) == (403, 200, None)
            async with http.delete(identity, data={"access_token": TOKEN, "appsecret_proof": proofs[1]}) as refused:
                assert (refused.status, (await refused.json())["error"]["code"]) == (403, 200)
        assert [(shown.message, shown.withdrawn) for shown in sandbox.posts] == [("Hej", False), ("För hand", False)]
        assert (await post(http, answer["id"], message="Ändrat", appsecret_proof=proofs[0]))[0] == 200


async def test_a_person_can_delete_what_an_app_has_published(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    identity = await publish(http, "Fel sida")
    sandbox.delete(identity)
    assert codes(await post(http, identity, message="Åter")) == (400, 100, 33)
    with pytest.raises(ValueError, match="there is no post"):
        sandbox.delete(identity)


async def test_a_deleted_post_is_gone_for_graph_and_withdrawn_for_us(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    identity = await publish(http, "Fel sida")
    assert await delete(http, identity) == (200, {"success": True})
    assert sandbox.posts[0].withdrawn
    for reply in (
        await delete(http, identity),
        await post(http, identity, message="Åter"),
        await get(http, identity),
    ):
        assert codes(reply) == (400, 100, 33)
    assert (await get(http, f"{PAGE}/feed"))[1] == {"data": []}


async def test_a_post_is_read_with_the_fields_asked_for(http: aiohttp.ClientSession) -> None:
    identity = await publish(http, "Växeln fungerar.")
    _, usual = await get(http, identity)
    assert set(usual) == {"id", "message", "created_time"}
    created = datetime.strptime(usual["created_time"], "%Y-%m-%dT%H:%M:%S%z")
    assert abs(created - datetime.now(UTC)) < timedelta(seconds=5)
    _, asked = await get(http, identity, fields="updated_time,permalink_url,is_published")
    number = identity.removeprefix(f"{PAGE}_")
    assert asked == {
        "id": identity,
        "updated_time": usual["created_time"],
        "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{number}",
        "is_published": True,
    }


async def test_a_page_lists_its_own_posts_newest_first_cursor_by_cursor(http: aiohttp.ClientSession) -> None:
    await publish(http, "elsewhere", page="1000002")
    for number in range(5):
        await publish(http, str(number))
    seen: list[str] = []
    _, listing = await get(http, f"{PAGE}/feed", fields="message", limit="2")
    while True:
        seen += [shown["message"] for shown in listing["data"]]
        following = listing["paging"].get("next")
        if not following:
            break
        assert URL(following).query["after"] == listing["paging"]["cursors"]["after"]
        await publish(http, f"in between, after {len(seen)}")
        async with http.get(following) as answer:
            listing = await answer.json()
    assert seen == ["4", "3", "2", "1", "0"]


async def test_the_same_text_again_is_a_duplicate_until_another_came_between(http: aiohttp.ClientSession) -> None:
    identity = await publish(http, "Växeln fungerar.")
    assert codes(await post(http, f"{PAGE}/feed", message="Växeln fungerar.")) == (400, 506, None)
    await publish(http, "Växeln fungerar.", page="1000002")
    await publish(http, "Nästa besked kl. 12.")
    assert await publish(http, "Växeln fungerar.") != identity


async def test_a_withdrawn_text_may_be_published_again(http: aiohttp.ClientSession) -> None:
    await delete(http, await publish(http, "Växeln fungerar."))
    await publish(http, "Växeln fungerar.")


@pytest.mark.parametrize("message", ["", "a" * 63_207])
async def test_a_post_without_text_or_with_too_much_is_turned_down(
    sandbox: Sandbox, http: aiohttp.ClientSession, message: str
) -> None:
    assert codes(await post(http, f"{PAGE}/feed", message=message)) == (400, 100, None)
    assert sandbox.posts == []
    identity = await publish(http, "a" * 63_206)
    assert codes(await post(http, identity, message=message)) == (400, 100, None)
    assert sandbox.posts[0].history == ()


async def test_without_a_token_nothing_is_done(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    assert codes(await post(http, f"{PAGE}/feed", message="Hej", access_token="")) == (400, 104, None)
    assert codes(await get(http, f"{PAGE}/feed", access_token="")) == (400, 104, None)
    assert sandbox.posts == []


async def test_an_unknown_path_is_error_2500(http: aiohttp.ClientSession) -> None:
    assert codes(await get(http, f"{PAGE}/likes")) == (400, 2500, None)


@pytest.mark.parametrize("query", [{"limit": "many"}, {"after": "nowhere"}])
async def test_paging_that_leads_nowhere_is_turned_down(http: aiohttp.ClientSession, query: dict[str, str]) -> None:
    assert codes(await get(http, f"{PAGE}/feed", **query)) == (400, 100, None)


async def test_a_token_can_be_checked(http: aiohttp.ClientSession) -> None:
    status, payload = await get(http, "debug_token", input_token=TOKEN)
    assert (status, payload["data"]["is_valid"]) == (200, True)
    assert codes(await get(http, "debug_token")) == (400, 100, None)


async def test_an_app_secret_must_be_proven_where_one_is_known() -> None:
    proof = hmac.new(SECRET.encode(), TOKEN.encode(), "sha256").hexdigest()
    async with (
        Sandbox(app_secrets=["another", SECRET]) as sandbox,
        aiohttp.ClientSession(sandbox.base_url("facebook") + "/v26.0/") as http,
    ):
        assert codes(await post(http, f"{PAGE}/feed", message="Hej")) == (400, 100, None)
        assert codes(await post(http, f"{PAGE}/feed", message="Hej", appsecret_proof=proof[::-1])) == (400, 100, None)
        assert sandbox.posts == []
        status, payload = await post(http, f"{PAGE}/feed", message="Hej", appsecret_proof=proof)
        assert status == 200
        assert (await get(http, payload["id"], appsecret_proof=proof))[0] == 200


async def test_clients_that_send_the_token_in_the_query_of_a_form_may_pass(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{PAGE}/feed?access_token={TOKEN}", data={"message": "Hej"}) as answer:
        assert answer.status == 200
    assert len(sandbox.posts) == 1


async def test_the_requests_of_facebook_sdk_are_understood(sandbox: Sandbox) -> None:
    url = f"{sandbox.base_url('facebook')}/v26.0/{PAGE}/feed"
    form = {"message": "Växeln fungerar.", "access_token": TOKEN}
    answer = await asyncio.to_thread(requests.request, "POST", url, params={}, data=form, timeout=5)
    assert answer.json()["id"] == sandbox.posts[0].id
    assert "json" in answer.headers["content-type"]


async def test_what_a_page_has_published_is_listed_beside_its_feed(http: aiohttp.ClientSession) -> None:
    identities = [await publish(http, message) for message in ("Första.", "Andra.")]
    for edge in ("feed", "published_posts"):
        _, listing = await get(http, f"{PAGE}/{edge}")
        assert [post["id"] for post in listing["data"]] == identities[::-1]


@pytest.mark.parametrize(("header", "status"), [(f"Bearer {TOKEN}", 200), (f"Basic {TOKEN}", 400), ("Bearer", 400)])
async def test_a_token_may_come_in_a_header(http: aiohttp.ClientSession, header: str, status: int) -> None:
    async with http.get(f"{PAGE}/feed", headers={"Authorization": header}) as answer:
        assert answer.status == status


async def test_what_is_used_of_a_limit_is_told_and_beyond_it_nothing_is_done(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    sandbox.limit(graph_calls=4)
    told = []
    for number in range(5):
        form = {"access_token": TOKEN, "message": f"Meddelande {number}"}
        async with http.post(f"{PAGE}/feed", data=form) as answer:
            told.append((answer.status, json.loads(answer.headers["X-App-Usage"])["call_count"]))

    assert told == [(200, 25), (200, 50), (200, 75), (200, 100), (403, 100)]
    assert len(sandbox.posts) == 4
