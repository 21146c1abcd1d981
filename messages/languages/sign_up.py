"""What the pages say on which residents join and leave."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignUpWords:
    """The words of the sign-up in one language. ``{municipality}`` stands for its name.

    Args:
        join: title of the page where one joins, and what leads there.
        join_intro: what one gets.
        consent: what one agrees to; kept as evidence, word by word.
        leave: title of the page where one leaves, and what leads there.
        leave_intro: what happens there.
        texting: the same by SMS: send ``{start}`` to ``{number}``, or ``{stop}``.
        number: names the field for the number.
        number_hint: how a Swedish number is written; ``number_hint_abroad`` where others are taken as well.
        language: names the choice of language.
        send: sends the form, for a code.
        sent_title: title of the page where the code is typed.
        sent: says that a code comes, if the number is good, and for how many ``{minutes}`` it counts.
        code: names the field for the code.
        code_hint: how it is written.
        confirm_join, confirm_leave: send the code.
        no_code: what to do when none comes; followed by ``again``, which leads back.
        joined_title, joined: what one reads in the end.
        left_title, left: the same for one who leaves.
        now: leads to the municipality's page.
        wrong: heading of what is wrong; also what a title then begins with.
        wrong_number: says what is wrong with a number; ``wrong_number_abroad`` where others are taken as well.
        wrong_code: says that a code does not count, for whatever reason.
        sms_join, sms_leave: the SMS with the ``{code}``, good for ``{minutes}``.
    """

    join: str
    join_intro: str
    consent: str
    leave: str
    leave_intro: str
    texting: str
    number: str
    number_hint: str
    number_hint_abroad: str
    language: str
    send: str
    sent_title: str
    sent: str
    code: str
    code_hint: str
    confirm_join: str
    confirm_leave: str
    no_code: str
    again: str
    joined_title: str
    joined: str
    left_title: str
    left: str
    now: str
    wrong: str
    wrong_number: str
    wrong_number_abroad: str
    wrong_code: str
    sms_join: str
    sms_leave: str
