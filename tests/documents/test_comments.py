"""Comments, each at the key or item that it stands at."""

import pytest
import yaml

from sim import documents
from sim.documents import reading
from sim.documents.comments import Comments, comments


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def loader(request, monkeypatch):
    if request.param == "python":
        monkeypatch.setattr(reading, "Loader", yaml.SafeLoader)


def found(text):
    document = documents.parse(text.encode(), "f")
    return {place: (list(one.above), one.beside) for place, one in comments(document).items()}


def test_above_and_beside():
    assert found("# head\na: 1 # one\n# before b\n\n# more\nb: 2\n") == {
        ("a",): (["# head"], "# one"), ("b",): (["# before b", "# more"], "")}


def test_items_and_nested_keys():
    text = "a: # list\n  - 1 # item\n  # before\n  - {z: 2}\n  - k: 3 # in item\n    # for l\n    l: 4\n"
    assert found(text) == {
        ("a",): ([], "# list"), ("a", 0): ([], "# item"), ("a", 1): (["# before"], ""),
        ("a", 2): ([], "# in item"), ("a", 2, "l"): (["# for l"], "")}


def test_over_several_lines_in_braces():
    assert found("a: {x: 1, # first\n    y: 2\n   } # end\n") == {("a",): ([], "# first"), ("a", "y"): ([], "# end")}


def test_signs_within_texts_are_no_comments():
    text = "a: 'x # y'\nb: \"x # y\"\nc: x#y\nd: |\n  text # z\n  # z\n\n# after\ne: >- # folded\n  # z\n"
    assert found(text) == {("e",): (["# after"], "# folded")}


def test_at_the_end():
    assert found("a: 1\n# last\n\n# of all") == {(): (["# last", "# of all"], "")}
    assert found("--- # first\na: 1\n") == {("a",): (["# first"], "")}


def test_what_this_program_wrote_is_left_out():
    assert found("#= ours\na: 1 #= ours\nb: 2 # mine #= ours # too\n#= end\n") == {("b",): ([], "# mine")}


def test_none():
    assert found("a: &x [1]\nb: *x\n") == {}


def test_an_alias_does_not_take_comments_again():
    assert found("a: &x # here\n  k: 1 # one\nb: *x\n") == {("a",): ([], "# here"), ("a", "k"): ([], "# one")}


def test_windows_line_ends():
    assert found("a: 1 # one\r\n# two\r\nb: 2\r\n") == {("a",): ([], "# one"), ("b",): (["# two"], "")}


def test_of_several_files_each_gives_those_of_its_own_keys():
    top, base = (documents.parse(text, name) for text, name in (
        (b"# own\na: 1\n", "top"), (b"# hidden\na: 2 # hidden\n# kept\nb: 3\n# end\n", "base")))
    root = documents.Tree(top.root.mark, keys={**base.root.keys, **top.root.keys})
    both = documents.Document(top.source, root, (top, base))
    assert comments(both) == {
        ("a",): Comments(("# own",)), ("b",): Comments(("# kept",)), (): Comments(("# end",))}
