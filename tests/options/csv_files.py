#!/usr/bin/python3
"""CSV files as spreadsheets, R, pandas and people write them: whatever names, quotes, separators and marks a table comes
with, it ends in the digest of the plain one, is evaluated and resumed as such, and answers; a file that can be
understood in two ways, or in none, is refused or told of, naming line, column and what was found."""
import gzip
import os
import random
import re
import sys

from program import Place, check_refused, conclude, digest, finish, judge, refuses, run, works

KINDS = "setosa", "versicolor", "virginica"
NAMES = ["length", "width", "height", "depth", "class"]
MODEL = """model:
  - {layer: dense, units: 8, activation: relu}
  - {layer: dense, units: 3, activation: softmax}
train: {epochs: 12, batch_size: 16}
optimizer: {learning_rate: 0.05}
"""


def drawn(count=90):
    rng = random.Random(1)
    return [[f"{rng.gauss(5 + i % 3, .3):.1f}", f"{rng.gauss(3, .3):.1f}", f"{rng.gauss(1.5 + i % 3 * 2, .3):.1f}",
             f"{rng.gauss(.5 + i % 3 * .8, .1):.1f}", KINDS[i % 3]] for i in range(count)]


ROWS = drawn()


def table(names=None, rows=None, separator=","):
    lines = ([names] if names else []) + (rows or ROWS)
    return "".join(separator.join(cells) + "\n" for cells in lines)


def changed(row, column, cell):
    rows = [list(cells) for cells in ROWS]
    rows[row][column] = cell
    return rows


def column(position, cells):
    return [row[:position] + [cells(i, row[position])] + row[position + 1:] for i, row in enumerate(ROWS)]


def keep(place, name, content):
    path = os.path.join(place.path, name)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    return path


def options(place, data, target="", epochs=12):
    words = ["--config", keep(place, "model.yaml", MODEL), "--data", data, "--epochs", str(epochs)]
    return words + (["--set", f"data.target={target}"] if target else [])


def train(place, data, *more, epochs=12):
    """The digest, and what was said."""
    out, err = place.train(1, options(place, data, *more, epochs=epochs))
    return digest(out), [line for line in err.splitlines() if ".csv: " in line]


def evaluated(place, *more):
    return re.search(r"loss.*right\)", works("evaluate", place.output, *more)).group()


def predicted(place, data):
    """The answers: the last columns of what predict writes."""
    lines = works("predict", place.output, "--data", data, "--output", "-").splitlines()[1:]
    return [line.split(",")[-4:] for line in lines]


def quoted(cells):
    return [f'"{cell}"' for cell in cells]


GERMAN = [[cell.replace(".", ",") for cell in row] for row in ROWS]
ALIKE = {
    "equal names": (table(["x", "x", "x", "x", "class"]), ""),
    "names that another's copy has": (table(["x", "x.1", "x", "x", "class"]), ""),
    "blank names": (table(["", "", "", "", "class"]), ""),
    "Latin-1 names": (table(["ä", "ö", "ü", "ß", "class"]).encode("latin-1"), ""),
    "a mark and quotes": ("\ufeff" + table(quoted(NAMES)), ""),
    "blank lines first": ("\r\n\n" + table(NAMES), ""),
    "a newline in a name": (table(['"length\nin mm"'] + NAMES[1:]), ""),
    "newlines in classes": (table(NAMES, column(4, lambda i, kind: f'"{kind}\nL."')), ""),
    "decimal commas": (table(NAMES, GERMAN, ";"), ""),
    "decimal commas, no names": (table(None, GERMAN, ";"), "5"),
}


def equal_as_plain(place):
    wanted, _ = train(place, keep(place, "plain.csv", table(NAMES)))
    score = evaluated(place)
    assert "accuracy 0.9" in score or "accuracy 1" in score, score
    for number, (name, (content, target)) in enumerate(ALIKE.items()):
        path = keep(place, f"alike_{number}.csv", content)
        assert train(place, path, target, epochs=6)[1] == [], name
        out, _ = place.train(1, options(place, path, target), resume=True)
        assert digest(out) == wanted, name
        assert evaluated(place) == evaluated(place, "--data", path) == score, name


def numbered_names(place):
    """pandas' to_csv of columns without names: their numbers stand in the first line, and one line tells of it."""
    rows = [row[:4] + [str(KINDS.index(row[4]))] for row in ROWS]
    wanted, _ = train(place, keep(place, "plain.csv", table(NAMES, rows)))
    got, said = train(place, keep(place, "numbers.csv", table(list("01234"), rows)), "4")
    assert got == wanted and len(said) == 1 and "is taken for the columns' names" in said[0], said
    got, said = train(place, keep(place, "values.csv", table(None, rows)), "5")
    assert got == wanted and said == [], said
    # Words above the same words may be values, too.
    words = [[a, b] for a in "ab" for b in "xyz"] * 3
    _, said = train(place, keep(place, "words.csv", table(None, words)), "2")
    assert len(said) == 1 and "('a', ..., 'x')" in said[0], said


def misread(place):
    """Numbers that are none are never taken for words."""
    def case(cells, where=0, names=NAMES):
        return table(names, column(where, cells))
    head = "column 2 ('width') holds "
    cases = {
        "NA first": (table(NAMES, changed(0, 1, "NA")), "NA.csv:2: " + head + "'NA', a word, but line 3 the number"),
        "NA later": (table(NAMES, changed(5, 1, "NA")), ":7: " + head + "'NA', a word among numbers"),
        "? first, no names": (table(None, changed(0, 1, "?")), ":1: column 2 ('column 2') holds '?', a word"),
        "empty first, no names": (table(None, changed(0, 1, "")), ":1: column 2 ('column 2') holds '', which is empty"),
        "thousands": (case(lambda i, x: f'"1,{100 + i}.5"'), ":2: column 1 ('length') holds '1,100.5', whose comma"),
        "comma": (case(lambda i, x: f'"{x}"'.replace(".", ",")), "whose comma is a decimal's"),
        "percent": (case(lambda i, x: x + "%"), "%', a number that is not understood"),
        "dollars": (case(lambda i, x: "$" + x), "holds '$"),
        "Fortran": (case(lambda i, x: x + "D+00"), "D+00', a number that is not understood"),
        "wide blank": (case(lambda i, x: x + "\u00a0"), "a number that is not understood"),
        "minus": (case(lambda i, x: "\u2212" + x), "a number that is not understood"),
        "words and numbers": (case(lambda i, x: ["S", "10"][i % 2]), "holds 'S', a word, but line 3 the number '10'"),
        "a class among numbers": (case(lambda i, x: ["?", "0"][i % 2], 4), "column 5 ('class') holds '?', a word"),
        "two of the target's name": (table(["a", "b", "class", "d", "class"]), "columns 3 and 5 are both named 'class'"),
        "far apart": (case(lambda i, x: x + "e25"), "feature 1 ('length') lies too far apart"),
    }
    for name, (content, words) in cases.items():
        path = keep(place, f"{name.split()[0]}.csv", content)
        target = "" if "class" in content.split("\n", maxsplit=1)[0] else "5"
        for ranks in (1, 3) if name in ("NA first", "far apart") else (1,):
            code, _, err = finish(place.start(ranks, options(place, path, target)))
            check_refused((code, err), 3, words)
    _, said = train(place, keep(place, "ids.csv", case(lambda i, x: f"p{i}")))
    assert len(said) == 1 and "column 1 ('length') holds 90 words in 90 rows ('p0', ..., 'p9')" in said[0], said


def rounded(place):
    """What float32 makes alike is told of, of features and of what is to be learned."""
    def times(first, step):
        return column(0, lambda i, x: f"{first + i % 4 * step}")
    for rows, told in (times(1700000001, 1), "lies from 1700000001 to 1700000004, and float32 changes its numbers by up "
                       "to 4; subtract an offset first"), (times(16777217, 1), "lies from 16777217 to 16777220"):
        for at in 0, 3:
            turned = [row[1:4] + row[:1] + row[4:] if at else row for row in rows]
            _, said = train(place, keep(place, "close.csv", table(NAMES, turned)), epochs=1)
            assert len(said) == 1 and f"column {at + 1} ('{NAMES[at]}') {told}" in said[0], said
    model = "model:\n  - {layer: dense, units: 1, activation: linear}\n"
    path = keep(place, "target.csv", table(NAMES[:4] + ["y"], [row[:4] + [str(100000001 + i % 4)]
                                                               for i, row in enumerate(ROWS)]))
    _, err = place.train(1, ["--config", keep(place, "one.yaml", model), "--data", path, "--epochs", "1"])
    assert "column 5 ('y') lies from 100000001 to 100000004" in err, err
    for rows in times(1700000000, 128), times(1700000001, 10000), times(0.1, 0):
        assert train(place, keep(place, "apart.csv", table(NAMES, rows)), epochs=1)[1] == []


def no_table(place):
    """What is none is told by what it is."""
    plain = table(NAMES)
    for content, words in ((b"", "is empty"), (plain.encode("utf-16"), "UTF-16"), ("Flowers\n\n" + plain, "'Flowers'"),
                           ("# by hand\n" + plain, "'# by hand'"), (plain.replace(",", "|"), "'length|width|"),
                           (plain.encode() + b"\0", "none.csv:92: holds a zero byte"),
                           (b"BZh91AY&SY\x02\x00", "BZh91AY&SY"),
                           (gzip.compress(plain.encode())[:-20], "none.csv: is truncated")):
        refuses(3, words, "train", "--output", place.output, *options(place, keep(place, "none.csv", content)))


def unneeded(place):
    """predict looks at nothing but what the model takes."""
    plain = keep(place, "plain.csv", table(NAMES))
    train(place, plain)
    wanted = predicted(place, plain)
    for name, content in {
            "no label": table(NAMES[:4], [row[:4] for row in ROWS]), "no names": table(None, [row[:4] for row in ROWS]),
            "another column": table(NAMES + ["note"], [row + [""] for row in ROWS]),
            "another order": table(NAMES[::-1], [row[::-1] for row in ROWS])}.items():
        assert predicted(place, keep(place, "other.csv", content)) == wanted, name
    for cell in "", "?", "rose":
        path = keep(place, "unknown.csv", table(NAMES, column(4, lambda i, kind, cell=cell: cell)))
        assert predicted(place, path) == wanted, cell
        code, _, err = run("evaluate", place.output, "--data", path)
        assert code == 3 and f"holds {'the word ' if cell else ''}'{cell}'" in err, err
    path = keep(place, "labels.csv", table())
    refuses(3, "has 5 columns without names, and the model takes 4: 'length', ...", "predict", place.output, "--data",
            path, "--output", "-")


def by_place(place):
    """Columns without names are told by their place, and their words by the model's."""
    rows = [["red", "green", "blue"][i % 3:][:1] + row for i, row in enumerate(ROWS)]
    for names, target in (["colour"] + NAMES, "class"), (None, "6"):
        path = keep(place, "colours.csv", table(names, rows))
        train(place, path, target)
        wanted = predicted(place, path)
        few = [row[:5] for row in rows[1:60:3]]  # of one colour
        for head in (None, ["colour"] + NAMES[:4]):
            assert predicted(place, keep(place, "few.csv", table(head, few))) == wanted[1:60:3], (names, head)
    # A number where the model knows words is a word that it does not know.
    path = keep(place, "number.csv", table(["colour"] + NAMES[:4], [["10"] + row[:4] for row in ROWS]))
    refuses(3, "holds the word '10', which the model does not know", "predict", place.output, "--data", path,
            "--output", "-")


def judged_rows(place):
    """A file of one part is judged as a whole, and evaluate says whether it was trained on."""
    path = keep(place, "plain.csv", table(NAMES))
    place.train(1, options(place, path) + ["--set", "data.validation=split:30"])
    assert f"all 90 rows of {path}, also those trained on\n" in works("evaluate", place.output)
    other = keep(place, "other.csv", table(NAMES))
    assert f"test rows of {other}\n" in works("evaluate", place.output, "--data", other)


NUMBERED = [row[:4] + [str(KINDS.index(row[4]))] for row in ROWS]


def not_taken(place, folder, path, told, wanted):
    """predict leaves the answers out, and says why; commands that need them fail."""
    code, out, err = run("predict", folder, "--data", path, "--output", "-")
    assert code == 0 and told in err and err.count("no answers are taken from it") == 1, (path, code, err)
    lines = [line.split(",") for line in out.splitlines()]
    assert lines[0][1] == "predicted" and [line[-4:] for line in lines[1:]] == wanted, (path, lines[0])
    for command in (["evaluate"], ["plot", "--kind", "confusion"], ["report", "--output", f"{place.path}/page.html"]):
        code, _, err = run(*command, folder, "--data", path)
        assert code == 3 and told in err and "holds no answers to compare with" in err, (command, path, code, err)


def classes_of_others(place):
    """Words are no classes of a model that knows numbers, nor numbers of one that knows words."""
    words, numbers = keep(place, "words.csv", table(NAMES)), keep(place, "numbers.csv", table(NAMES, NUMBERED))
    odd = keep(place, "odd.csv", table(NAMES, column(4, lambda i, kind: "?")))
    train(place, words, epochs=2)
    not_taken(place, place.output, numbers, "column 'class' holds the number '0', which is no class of the model; these "
              "are setosa, versicolor, virginica", predicted(place, words))
    train(place, numbers, epochs=2)
    wanted = predicted(place, numbers)
    for path, word in (words, "setosa"), (odd, "?"):
        not_taken(place, place.output, path, f"column 'class' holds the word '{word}', which is no class of the model; "
                  "these are 0 to 2", wanted)
    exported, back = f"{place.path}/m.keras", f"{place.path}/back"
    works("export", place.output, "--format", "keras", "--output", exported)
    works("import", exported, "--output", back)
    not_taken(place, back, words, "column 'class' holds the word 'setosa'", wanted)
    # Trained on words, it knows them.
    works("train", "--quiet", "--resume", "--output", back, "--data", words, "--epochs", "2")
    assert "setosa" in works("evaluate", back)


def another_order(place):
    """What is to be learned, told by its number, is no feature of the model wherever it stands."""
    train(place, keep(place, "plain.csv", table(NAMES)), "5")
    score, wanted = evaluated(place), predicted(place, keep(place, "plain.csv", table(NAMES)))
    turned = keep(place, "turned.csv", table(NAMES[::-1], [row[::-1] for row in ROWS]))
    assert evaluated(place, "--data", turned) == score and predicted(place, turned) == wanted
    more = keep(place, "more.csv", table(["note"] + NAMES, [["a"] + row for row in ROWS]))
    not_taken(place, place.output, more, "more.csv: data.target counts columns, and 2 here are no feature of the model: "
              "'note', 'class'; leave out", wanted)
    path = keep(place, "two.csv", table(NAMES[:4] + ["y", "z"], [row[:4] + row[:2] for row in ROWS]))
    model = "model:\n  - {layer: dense, units: 2, activation: linear}\n"
    place.train(1, ["--config", keep(place, "two.yaml", model), "--data", path, "--set", "data.target=[5, 6]"])
    assert evaluated_numbers(place) == evaluated_numbers(place, "--data", path)
    for names in (NAMES[:4] + ["z", "y"], ["y", "z"] + NAMES[:4]):
        other = keep(place, "order.csv", table(names, [[row[NAMES.index({"y": "length", "z": "width"}.get(n, n))]
                                                        for n in names] for row in ROWS]))
        code, _, err = run("evaluate", place.output, "--data", other)
        assert code == 3 and "order.csv: " in err and "no answers are taken from it" in err, err
    refuses(3, "data.target names column 5 ('y') twice", "train", "--config", f"{place.path}/two.yaml", "--data", path,
            "--set", "data.target=[y, 5]", "--output", f"{place.path}/twice")


def evaluated_numbers(place, *more):
    return re.search(r"loss.*mae.*\)", works("evaluate", place.output, *more)).group()


def imported(place):
    """A model without names takes a table of as many columns as it has features, or one that names its label."""
    train(place, keep(place, "plain.csv", table(NAMES, NUMBERED)))
    score, wanted = evaluated(place), predicted(place, f"{place.path}/plain.csv")
    works("export", place.output, "--format", "keras", "--output", f"{place.path}/m.keras")
    place.output = f"{place.path}/back"
    works("import", f"{place.path}/m.keras", "--output", place.output)
    assert evaluated(place, "--data", f"{place.path}/plain.csv") == score
    for name, content in {"named": table(NAMES[:4], [row[:4] for row in ROWS]),
                          "nameless": table(None, [row[:4] for row in ROWS])}.items():
        path = keep(place, name + ".csv", content)
        assert predicted(place, path) == wanted, name
        refuses(3, "holds no answers to compare with", "evaluate", place.output, "--data", path)
    few = keep(place, "few.csv", table(NAMES[1:], [row[1:] for row in NUMBERED]))
    code, _, err = run("predict", place.output, "--data", few, "--output", "-")
    assert code == 0 and "has as many columns as the model takes features, so that column 'class' is one" in err, err
    many = keep(place, "many.csv", table(NAMES[:4] + ["kind"], NUMBERED))
    refuses(3, "many.csv: has 5 columns, none named 'label', of which 5 features are made, and the model takes 4; give it "
            "those alone, or name the column to be learned 'label'", "predict", place.output, "--data", many, "--output", "-")


def main():
    sys.exit(conclude([judge(work.__name__.replace("_", " "), work) for work in
                       (equal_as_plain, numbered_names, misread, rounded, no_table, unneeded, by_place, judged_rows,
                        classes_of_others, another_order, imported)]))


if __name__ == "__main__":
    main()
