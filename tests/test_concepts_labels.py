"""Label files: every form they may have, and what is said about every mistake in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unitscope.concepts.labelfile import read_labels
from unitscope.concepts.maskrules import PRESETS
from unitscope.concepts.vocabulary import Concept
from unitscope.errors import UnitscopeError

EXPECTED = {1: "wall|object", 2: "traffic light|object", 7: "grass|texture"}


def table(folder: Path, text: str, name: str = "labels.txt", **options: str) -> dict[int, str]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    labels = read_labels(path, **options)
    return {number: str(concept) for number, concept in zip(labels.numbers, labels.concepts, strict=True)}


@pytest.mark.parametrize(
    "text",
    [
        "0\tnothing\n1\twall\n2\ttraffic light\n7\tgrass\ttexture\n",
        "id\tname\tcategory\n1\twall\tobject\n2\ttraffic light\tobject\n7\tgrass\ttexture\n",
        "# labels\n\n1 wall\n2  traffic light\n7\tgrass\ttexture\n# end",
        "\ufeffnumber name\r\n1 wall\r\n2 traffic light\r\n7\tgrass\ttexture\r\n",
        "1: wall\n2 : traffic light\n7\tgrass\ttexture\n",
        "1,wall\n2, traffic light\n7\tgrass\ttexture\n",
        "1;wall\n2;traffic light\n7\tgrass\ttexture\n",
        "Idx\tRatio\tName\tcategory\n1\t0.2\twall\t\n2\t0.1\ttraffic light\t\n7\t0.1\tgrass\ttexture\n",
    ],
)
def test_numbered_lines(tmp_path: Path, text: str) -> None:
    assert table(tmp_path, text) == EXPECTED


def test_one_name_a_line_is_numbered_from_0(tmp_path: Path) -> None:
    text = "# not counted\n\nbackground\nwall\ntraffic light\nred\tcolor\n\n"
    assert table(tmp_path, text) == {1: "wall|object", 2: "traffic light|object", 3: "red|color"}


@pytest.mark.parametrize(
    "content",
    [
        {"0": "nothing", "1": "wall", "2": "traffic light", "7": "grass"},
        [
            {"number": 1, "name": "wall"},
            {"number": 2, "name": "traffic light"},
            {"number": 7, "name": "grass", "category": "texture"},
        ],
    ],
)
def test_json(tmp_path: Path, content: object) -> None:
    expected = EXPECTED | ({7: "grass|object"} if isinstance(content, dict) else {})
    assert table(tmp_path, json.dumps(content), "labels.json") == expected


def test_json_list_of_names(tmp_path: Path) -> None:
    assert table(tmp_path, '["none", "wall", "sky"]', "x.json") == {1: "wall|object", 2: "sky|object"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{"model_type": "x", "id2label": {"0": "background", "1": "wall", "2": "sky"}}'),
        ("x.json", '{"background": 0, "wall": 1, "sky": 2}'),
        (
            "instances.json",
            '{"images": [], "categories": [{"id": 1, "name": "wall"}, {"id": 2, "name": "sky"}]}',
        ),
        ("_classes.csv", "Pixel Value, Class\n0, background\n1, wall\n2, sky\n"),
        ("class_names.txt", "__ignore__\n_background_\nwall\nsky\n"),
        ("objectInfo.csv", "Idx;Name\n1;wall\n2;sky\n"),
    ],
)
def test_exports(tmp_path: Path, name: str, text: str) -> None:
    assert table(tmp_path, text, name) == {1: "wall|object", 2: "sky|object"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x.txt").write_bytes("1 Bäume\n2 ciel d'été\n".encode(encoding))
    assert [concept.name for concept in read_labels(tmp_path / "x.txt").concepts] == ["Bäume", "ciel d'été"]


def test_csv(tmp_path: Path) -> None:
    text = '# made by hand\nName,Number,category\nwall,1,\n"traffic light",2,object\n\ngrass,7,texture\n'
    assert table(tmp_path, text, "labels.csv") == EXPECTED


TWO_NUMBERS = {
    "x.csv": "name,index,id\nsky,1,2\ntree,2,1\n",
    "y.csv": "id,trainId,name\n7,0,sky\n8,1,tree\n",
    "z.txt": "idx\tvalue\tname\n1\t10\tsky\n2\t20\ttree\n",
    "x.json": '[{"id": 7, "trainId": 0, "name": "sky"}, {"id": 8, "trainId": 1, "name": "tree"}]',
    "y.json": '{"categories": [{"number": 1, "id": 1, "name": "sky"}, {"number": 2, "id": 4, "name": "tree"}]}',
}


@pytest.mark.parametrize("name", TWO_NUMBERS)
def test_two_columns_of_numbers_that_differ_are_refused_with_the_names_of_both(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(
        UnitscopeError, match=r"has numbers in '\w+' and other numbers in '\w+'; leave only those"
    ):
        table(tmp_path, TWO_NUMBERS[name], name)


def test_two_columns_of_the_same_numbers_are_one(tmp_path: Path) -> None:
    assert table(tmp_path, "index,id,name\n1,1,wall\n2,2,sky\n", "x.csv") == {
        1: "wall|object",
        2: "sky|object",
    }
    text = '[{"id": 1, "index": 1, "name": "wall"}, {"id": 2, "index": 2, "name": "sky"}]'
    assert table(tmp_path, text, "x.json") == {1: "wall|object", 2: "sky|object"}
    assert table(tmp_path, "id,class\n1,7\n2,9\n", "x.csv") == {1: "7|object", 2: "9|object"}


CITYSCAPES = [
    *(("unlabeled", 0, 255), ("parking", 9, 255), ("road", 7, 0), ("sky", 23, 10)),
    ("license plate", -1, -1),
]


@pytest.mark.parametrize("name", ["x.csv", "x.json"])
def test_presets_of_cityscapes_take_their_column_of_its_table(tmp_path: Path, name: str) -> None:
    objects = [{"name": each, "id": own, "trainId": trained} for each, own, trained in CITYSCAPES]
    lines = [f"{each},{own},{trained}" for each, own, trained in CITYSCAPES]
    (tmp_path / name).write_text(
        json.dumps(objects) if name == "x.json" else "\n".join(("name,id,trainId", *lines))
    )
    rules = PRESETS["cityscapes-trainids"]
    labels = read_labels(tmp_path / name, zero_is_a_class=True, ignore=rules.ignore, columns=rules.columns)
    assert labels.numbers == (0, 10)
    with pytest.raises(UnitscopeError, match="number -1 cannot occur in a mask"):
        read_labels(tmp_path / name, columns=PRESETS["cityscapes"].columns)


def test_quotes_around_names_are_no_part_of_them(tmp_path: Path) -> None:
    expected = {1: "light, red|object", 2: '12" nail|object'}
    for text in (
        '1,"light, red"\n2,"12"" nail"\n',
        '1\t"light, red"\n2\t12" nail\n',
        '1 "light, red"\n2 12" nail\n',
    ):
        assert table(tmp_path, text) == expected
    assert table(tmp_path, 'background\n"light, red"\n"12"" nail"\n') == expected


@pytest.mark.parametrize("line", ["", "# a remark", "   "])
def test_what_shifts_names_that_are_numbered_by_their_place_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(UnitscopeError, match="line 2: is empty or begins with # between names"):
        table(tmp_path, f"background\n{line}\nwall\n")
    with pytest.raises(UnitscopeError, match="line 3: is empty or begins with # between names"):
        table(tmp_path, f"# label:color_rgb:parts:actions\nbackground:0,0,0::\n{line}\nwall:9,9,9::\n")


def test_a_broken_file_in_utf_8_is_not_taken_for_latin_1(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes("1 café\n".encode() + b"2 x\xa0y\n")
    with pytest.raises(UnitscopeError, match="line 2: is not UTF-8, as other lines are"):
        read_labels(tmp_path / "x.txt")


def test_category_for_labels_without_one(tmp_path: Path) -> None:
    assert table(tmp_path, "1 red\n2\tsky\tobject\n", category="color") == {1: "red|color", 2: "sky|object"}


def test_lookup_maps_numbers_to_the_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("0 none\n3 wall\n1 sky\n5 tree\n")
    labels = read_labels(tmp_path / "x.txt")
    assert labels.lookup().tolist() == [0, 2, -2, 1, -2, 3]
    assert labels.lookup(11, 8).tolist() == [0, 12, -2, 11, -2, 13, -2, -2]
    assert labels.concepts[0] == Concept("wall", "object")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.txt", "1 wall\n2 sky\n1 tree\n", "line 3: number 1 was used on line 1"),
        ("x.txt", "0 none\n0 b\n1 wall\n", "line 2: number 0 was used on line 1"),
        ("x.txt", "1 wall\n2 wall\n", "line 2: object 'wall' was named on line 1"),
        ("x.txt", "1 wall\nsky 2\n", "line 2: 'sky 2' begins with no whole number"),
        ("x.txt", "1 wall\n2.5 sky\n", "line 2: '2.5 sky' begins with no whole number"),
        ("x.txt", "-1 wall\n", "line 1: number -1 cannot occur in a mask"),
        ("x.txt", "1 wall\n70000 sky\n", "line 2: number 70000 cannot occur"),
        ("x.txt", "1 wall\n2\t\tobject\n", "line 2: number 2 has no name"),
        ("x.txt", "1\twall\tobject\tmore\n", "line 1: has more than"),
        ("x.txt", "# nothing\n\n", "holds no label besides 0"),
        ("x.txt", "0 nothing\n", "holds no label besides 0"),
        ("x.csv", "id,id,name\n1,2,wall\n", "line 1: calls two columns 'id'"),
        (
            "x.txt",
            "index id name\n1 2 wall\n",
            "line 1: has the columns index, id, name; separate them by tabs",
        ),
        (
            "x.csv",
            "number,name\n1,wall, brick\n",
            "line 2: has 3 fields and the header 2; put a name that holds ','",
        ),
        ("x.csv", "number,name,category\n1,wall, brick,object\n", "line 2: has 4 fields and the header 3"),
        ("x.csv", 'number,name\n1,"wall\n2,sky\n', "line 2: has a quote without its other one"),
        ("x.csv", 'number,name\n1,"sky\nblue"\n2,tree\n', "line 2: has a quote without its other one"),
        ("x.csv", "", "holds no label besides 0"),
        ("x.csv", "foo,name\n1,wall\n", "line 1: no column is called number or id"),
        ("x.csv", "number,foo\n1,wall\n", "line 1: no column is called name"),
        ("x.csv", "number,name\n1,wall\n\n1,sky\n", "line 4: number 1 was used on line 2"),
        ("x.json", "{,}", "line 1: is not valid JSON"),
        ("x.json", "3", "is neither a list nor an object"),
        ("x.json", '{"1": "wall", "1": "sky"}', "entry '1': number 1 was used"),
        ("x.json", '["none", "wall", "wall"]', "entry 2: object 'wall' was named on entry 1"),
        ("x.json", '[{"name": "wall"}]', "entry 0: has name; give number, name"),
        ("x.json", '["none", 7]', "entry 1: 7 is not a name"),
        ("x.txt", "wall\n1 sky\n2 tree\n", "line 1: 'wall' begins with no whole number"),
        ("x.txt", "sky 1\ntree 2\n", "may be the name 'sky 1' or the name 'sky' with its number"),
        ("x.txt", "sky,1\ntree,2\n", "may be the name 'sky,1' or the name 'sky' with its number"),
        ("x.txt", "1,sky,object\n", "may be the name 'sky,object' or the name 'sky' of category 'object'"),
        ("x.txt", "wall\nsky\n", "number 0 is called 'wall', and 0 means 'nothing'"),
        ("x.txt", "# label:color_rgb:parts:actions\nbackground:0,0::\n", "'0,0' is no colour"),
    ],
)
def test_mistakes(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(UnitscopeError) as caught:
        table(tmp_path, text, name)
    assert message in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UnitscopeError, match="does not exist"):
        read_labels(tmp_path / "none.txt")
    with pytest.raises(UnitscopeError, match="is a folder"):
        read_labels(tmp_path)
    (tmp_path / "x.txt").write_bytes(b"1 \xff\x00\n")
    with pytest.raises(UnitscopeError, match="is no text"):
        read_labels(tmp_path / "x.txt")


def test_real_label_files(shared: Path) -> None:
    places = read_labels(shared / "data" / "places_objects" / "labels.txt")
    assert (len(places.concepts), places.largest, places.names_nothing) == (175, 175, True)
    ade = read_labels(shared / "models" / "ade20k31_segmenter" / "labels.txt")
    assert [concept.name for concept in ade.concepts[:3]] == ["wall", "building", "sky"]
