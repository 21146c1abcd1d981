"""What people write that TOML does not read: in words, with the line and how it was meant, all of it at once."""

import pytest

from messages.document import parse
from messages.problems import InputError, Problem
from messages.toml_mistakes import meant

GOOD = {
    "incident": 'incident = "Vattnet"',
    "kind": 'kind = "alert"',
    "severity": 'severity = "severe"',
    "municipalities": 'municipalities = ["borgholm", "morbylanga"]',
}


def problems_of(*lines: str, body: str = "# Rubrik\n\nText\n") -> tuple[Problem, ...]:
    """What is wrong with a message that has these lines in the place of those of the same keys."""
    kept = [good for key, good in GOOD.items() if not any(line.lstrip().startswith(key) for line in lines)]
    head = "\n".join([*lines, *kept])
    with pytest.raises(InputError) as caught:
        parse(f"+++\n{head}\n+++\n{body}", channels=("sms",), languages=("sv",), file="m.md")
    return caught.value.problems


@pytest.mark.parametrize(
    ("line", "what", "right"),
    [
        ("incident = “Vattnet”", "not plain ones", 'incident = "Vattnet"'),
        ("incident = ”Vattnet” # nytt", "not plain ones", 'incident = "Vattnet" # nytt'),
        ("incident = Vattnet i Borgholm", "in quotation marks", 'incident = "Vattnet i Borgholm"'),
        ('incident = "Vattnet', "quotation mark is missing", 'incident = "Vattnet"'),
        ('incident = Vattnet"', "quotation mark is missing", 'incident = "Vattnet"'),
        ("incident = 'Vattnet", "quotation mark is missing", "incident = 'Vattnet'"),
        ('incident: "Vattnet"', "an = sign", 'incident = "Vattnet"'),
        ('incident "Vattnet"', "an = sign", 'incident = "Vattnet"'),
        ("incident: Vattnet", "an = sign. Text stands in", 'incident = "Vattnet"'),
        (r'incident = "C:\vatten"', "written twice", r'incident = "C:\\vatten"'),
        ("exercise = True", "small letters", "exercise = true"),
        ("exercise = ja", "small letters", "exercise = true"),
        ("next_update = i morgon 12:00", "in quotation marks", 'next_update = "i morgon 12:00"'),
        ('municipalities = "borgholm", "morbylanga"', "in brackets", 'municipalities = ["borgholm", "morbylanga"]'),
        ('municipalities = ["borgholm". "morbylanga"]', "with commas", 'municipalities = ["borgholm", "morbylanga"]'),
        ('municipalities = ["borgholm"; "morbylanga"]', "with commas", 'municipalities = ["borgholm", "morbylanga"]'),
        ('municipalities = ["borgholm" "morbylanga"]', "with commas", 'municipalities = ["borgholm", "morbylanga"]'),
        ("municipalities = [borgholm, morbylanga]", "each in quotation", 'municipalities = ["borgholm", "morbylanga"]'),
        ('municipalities = ["borgholm", "morbylanga"', "in brackets", 'municipalities = ["borgholm", "morbylanga"]'),
        ("municipalities = [“borgholm”]", "not plain ones", 'municipalities = ["borgholm"]'),
    ],
)
def test_a_line_is_told_as_it_was_meant(line: str, what: str, right: str) -> None:
    found = meant(line)
    assert found is not None
    assert what in found[0]
    assert found[1] == right
    [problem] = problems_of(line) if "next_update" not in line else problems_of(line)[:1]
    assert problem.place.line == 2
    assert problem.advice == f"Write: {right}"


def test_a_line_that_nobody_can_read_is_shown() -> None:
    [problem] = problems_of("= = !")
    assert problem.text == "This line cannot be read: '= = !'."
    assert (problem.place.line, "key = value" in problem.advice) == (2, True)


def test_a_key_that_stands_twice_is_told_with_both_lines() -> None:
    [problem] = problems_of('kind = "alert"', 'kind = "update"')
    assert problem.text == "The key kind stands here for the second time, after line 2."
    assert problem.place.line == 3


@pytest.mark.parametrize("key", ["Incident", "incidents", "INCIDENT", "incdent"])
def test_a_misspelt_key_is_told_once(key: str) -> None:
    kept = "\n".join(line for name, line in GOOD.items() if name != "incident")
    with pytest.raises(InputError) as caught:
        parse(f'+++\n{key} = "X"\n{kept}\n+++\n# A\n\nB\n', channels=(), languages=("sv",), file="m.md")
    [problem] = caught.value.problems
    assert f"There is no key {key!r}." in problem.text


def test_all_mistakes_are_told_at_once_those_of_the_head_with_those_of_the_body() -> None:
    found = problems_of("incident = “Vattnet”", "kind: alrt", "!!", "colour = 1", body="Text\n\n## @smss\nText\n")
    assert [(problem.place.line, problem.place.key) for problem in found] == [
        (2, None),
        (3, None),
        (3, "kind"),
        (4, None),
        (5, "colour"),
        (9, "body"),
        (11, "@smss"),
    ]
