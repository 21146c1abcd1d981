import pytest

from messages.markdown import to_html, to_plain
from messages.model import Municipality
from messages.problems import InputError, Place
from messages.speech import to_speech
from messages.variables import substitute

BORGHOLM = Municipality(
    id="borgholm",
    languages=("sv", "en"),
    channels=("sms",),
    variables={"name": "Borgholms kommun", "phone": "0485-880 00", "web": "https://www.borgholm.se/_kris_"},
    translations={"en": {"name": "Borgholm Municipality"}},
)


def filled(text: str, language: str = "sv") -> str:
    return to_plain(substitute(text, BORGHOLM, language, file="m.md", line=1))


def problem_of(text: str, line: int = 1) -> tuple[Place, str]:
    with pytest.raises(InputError) as caught:
        substitute(text, BORGHOLM, "sv", file="m.md", line=line)
    (problem,) = caught.value.problems
    return problem.place, str(problem)


@pytest.mark.parametrize("variable", ["{{ municipality.name }}", "{{municipality.name}}", "{{\tmunicipality.name }}"])
def test_a_variable_becomes_the_value_however_it_is_spaced(variable: str) -> None:
    assert filled(f"Välkommen till {variable}.") == "Välkommen till Borgholms kommun."


def test_a_translation_goes_before_the_variable() -> None:
    text = "{{ municipality.name }}, {{ municipality.phone }}"
    assert filled(text, "en") == "Borgholm Municipality, 0485-880 00"


def test_single_braces_are_text() -> None:
    assert filled("{a} och } {") == "{a} och } {"


def test_an_unknown_variable_is_named_with_its_line_and_what_is_known() -> None:
    place, text = problem_of("Ett\ntvå {{ municipality.fax }}\n", line=7)
    assert place == Place("m.md", 8)
    assert "Unknown variable municipality.fax" in text
    assert "municipality.name, municipality.phone, municipality.web" in text


@pytest.mark.parametrize(
    "wrong",
    [
        "{{ municipality name }}",
        "{{ municipality.name",
        "municipality.name }}",
        "{{ name }}",
        "{{}}",
        "{{ municipality. }}",
    ],
)
def test_braces_that_are_no_variable_are_refused_with_their_line(wrong: str) -> None:
    place, text = problem_of(f"rad\n\n{wrong}\nrad")
    assert place == Place("m.md", 3)
    assert "{{ municipality.name }}" in text


def test_every_problem_of_a_text_is_found_at_once() -> None:
    with pytest.raises(InputError) as caught:
        substitute("{{ a }}\n{{ municipality.b }}\n{{ municipality.c }}", BORGHOLM, "sv", file="m.md", line=1)
    assert [problem.place.line for problem in caught.value.problems] == [1, 2, 3]


HOSTILE = r"1. *a* _b_ <b>c</b> `d` [e](f) &amp; ~g~ \h | # i ![j](k)"


@pytest.mark.parametrize("around", ["{}", "- {}", "**{}**", "`{}`", "[{}](https://x.se)", "{}\n==="])
def test_a_value_reads_literally_wherever_it_stands(around: str) -> None:
    municipality = Municipality("x", ("sv",), (), {"v": HOSTILE})
    markdown = substitute(around.format("{{ municipality.v }}"), municipality, "sv", file="", line=1)
    assert HOSTILE in to_plain(markdown)
    assert "<b>" not in to_html(markdown)
    assert "*a* _b_ &lt;b&gt;c&lt;/b&gt; `d` [e](f) &amp;amp;" in to_html(markdown)


def test_a_value_with_markdown_characters_is_spoken_without_them() -> None:
    municipality = Municipality("x", ("sv",), (), {"v": "*Öland* <kris>"})
    markdown = substitute("{{ municipality.v }}", municipality, "sv", file="", line=1)
    assert to_speech(to_plain(markdown), "sv") == "Öland kris."


@pytest.mark.parametrize("around", ["{}", "<{}>", "[{}]({})"])
def test_an_address_in_a_variable_is_a_whole_link(around: str) -> None:
    markdown = substitute(around.replace("{}", "{{ municipality.web }}"), BORGHOLM, "sv", file="", line=1)
    assert to_plain(markdown) == "https://www.borgholm.se/_kris_"


def test_a_variable_can_be_the_target_of_a_link() -> None:
    text = "[Läs]({{ municipality.web }}) [ring](tel:{{ municipality.phone }})"
    html = to_html(substitute(text, BORGHOLM, "sv", file="", line=1))
    assert 'href="https://www.borgholm.se/_kris_"' in html
    assert 'href="tel:048588000"' in html


def test_a_value_is_one_line() -> None:
    municipality = Municipality("x", ("sv",), (), {"v": "a\n\n# b"})
    assert to_plain(substitute("{{ municipality.v }}", municipality, "sv", file="", line=1)) == "a # b"
