"""Site profiles: what recurs goes, what a story says stays, and few pages say little."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerstrip import Options, Stripper, batch, clean
from boilerstrip.batch import Columns
from boilerstrip.detect.site import COLUMNS, Profiles, SiteProfile, Twins
from boilerstrip.features import measure
from boilerstrip.labels import LABELS
from boilerstrip.segment.text import segment

# A small site of its own: ten pages of one template, with two passages that read like story but stand on all of them,
# a quotation that two stories share, and a paragraph of background in four.
WHO = """the ferry company|Marta Dolan|the parish council|a team of bell founders|Ivo Brandt|the harbour master|the Linden Street bakers|
a retired surveyor|the school orchestra|Councillor Prue Hatherley|the salt works|an engineer from Oskvale""".replace("\n", "").split("|")
DID = "opened repaired measured bought painted counted rebuilt catalogued inherited closed".split()
WHAT = """the old swing bridge|a row of drowned boats|forty crates of lamp glass|the lower reservoir|a map of the tunnels|
the winter timetable|the stolen weather vane|an orchard behind the mill|the last paper kiosk|
the clock of the customs house""".replace("\n", "").split("|")
WHEN = """on a wet Thursday in March|after months of letters|before most shops had opened|while the tide was still falling|
for the first time since the flood|with money from a raffle|without telling the neighbours""".replace("\n", "").split("|")
WHY = """because nobody else had offered to|since the roof would not have lasted another winter|although the insurance had long run out|
which surprised even those who had asked for it|and a crowd of about NN people came to watch""".replace("\n", "").split("|")
QUOTE = '"A harbour that forgets its ropes will soon forget its boats," the poet Sefa Lundqvist wrote in her last letter to the town.'
BACKGROUND = "The flood of two winters ago had carried off the lower quay, and the town has argued ever since about who should pay for it."
PROMO = "Readers who bring this page to the Lantern office before Friday may take home a packet of seeds, a tide table and a cup of tea."
ABOUT = "The Oskvale Lantern has been printed above the ropewalk since the year the harbour froze, and it still belongs to its readers."
OATH = "Every report in the Lantern is read by two people who were not there and by one who was, and mistakes are put right on page two."
MENU = ["The Oskvale Lantern", "Valley", "Harbour", "Letters", "Weather desk", "Tide tables", "Puzzles", "Archive", "Notices"]
FOOT = ["Printed by the Ropewalk Press, Oskvale", "Letters to the desk are kept for one year", "House rules of the Lantern"]


class Page(NamedTuple):
    raw: str
    story: list[str]
    template: list[str]


def sentence(r: random.Random) -> str:
    text = f"{r.choice(WHO)} {r.choice(DID)} {r.choice(WHAT)} {r.choice(WHEN)}, {r.choice(WHY)}.".replace("NN", str(r.randint(12, 900)))
    return text[0].upper() + text[1:]


def site(count: int = 10, seed: int = 1) -> list[Page]:
    r = random.Random(seed)
    pages = []
    for n in range(count):
        story = [" ".join(sentence(r) for _ in range(r.randint(2, 4))) for _ in range(7)]
        if n in (1, 6):
            story.insert(3, QUOTE)
        if n in (0, 2, 5, 8):
            story.insert(r.randint(2, 6), BACKGROUND)
        top = [*MENU, f"Tide today: {r.randint(1, 12)}.{r.randint(10, 59)}"]
        foot = [OATH, ABOUT, *FOOT]
        parts = [*top, sentence(r).split(",")[0], *story[:2], PROMO, *story[2:], *foot]
        pages.append(Page("\n\n".join(parts), story, [*top, PROMO, *foot]))
    return pages


PAGES = site()
PROFILE = SiteProfile.learn([p.raw for p in PAGES], "lantern.example")


def leaked(pages: list[Page], **options: Any) -> int:
    """Words of the template that were kept."""
    return sum(len(part.split()) for p in pages for part in p.template if part in clean(p.raw, **options).text)


def lost(pages: list[Page], **options: Any) -> int:
    return sum(len(part.split()) for p in pages for part in p.story if part not in clean(p.raw, **options).text)


def weight_of(profile: SiteProfile, text: str, part: str) -> float:
    atoms = segment([text])
    weight = profile.hits(atoms, measure(atoms)).weight
    inside = (atoms.start >= text.index(part)) & (atoms.end <= text.index(part) + len(part))
    return float(weight[inside].max())


# ---- what a profile does ----------------------------


@pytest.mark.parametrize("pages", [PAGES, site(6, seed=7)])
def test_the_template_goes_and_the_story_stays(pages: list[Page]) -> None:
    before, after = leaked(pages), leaked(pages, site=PROFILE)
    assert after <= before / 2
    assert lost(pages, site=PROFILE) <= lost(pages)


def test_quotations_and_background_are_not_held_against_a_story() -> None:
    for page in PAGES:
        for part in (QUOTE, BACKGROUND):
            if part in page.raw:
                assert weight_of(PROFILE, page.raw, part) == 0
    def quoting(n: int) -> str:
        return f"Top of page {n}\n\n{sentence(random.Random(n))}\n\n{QUOTE}\n\n{sentence(random.Random(n + 50))}"
    assert weight_of(SiteProfile.learn([quoting(n) for n in range(3)]), quoting(9), QUOTE) < 1.5


def test_fewer_than_three_pages_say_nothing() -> None:
    atoms = segment([PAGES[0].raw])
    features = measure(atoms)
    for count in range(3):
        assert not SiteProfile.learn([p.raw for p in PAGES[:count]]).hits(atoms, features).weight.any()
    assert SiteProfile.learn([p.raw for p in PAGES[:3]]).hits(atoms, features).weight.any()


def test_more_pages_say_more() -> None:
    weights = [weight_of(SiteProfile.learn([p.raw for p in site(count)]), PAGES[0].raw, "Weather desk") for count in (3, 10, 40)]
    assert weights == sorted(weights)
    assert weights[0] < weights[-1]


def test_numbers_do_not_hide_a_template() -> None:
    assert weight_of(PROFILE, PAGES[0].raw, PAGES[0].template[len(MENU)]) > 0


def test_copies_of_one_page_count_once() -> None:
    text = PAGES[0].raw
    profile = SiteProfile.learn([text, text, text.replace("Puzzles", "Riddles"), text + "\n\nPrint"])
    assert profile.pages == 1


def test_twins_are_those_of_a_comparison_with_every_page_before() -> None:
    r = np.random.default_rng(3)
    pool = np.sort(r.integers(0, 2**63, 90).astype(np.uint64))
    twins, kept, found = Twins(), [], 0
    for n in range(400):
        own = r.integers(0, 2**63, int(r.integers(0, 8))).astype(np.uint64)
        sketch = np.unique(np.concatenate([pool[r.random(90) < (0.97 if n % 3 else 0.3)], own]))[:n % 5 * 16]
        alike = any(len(u := np.union1d(sketch, k)[:64]) and np.isin(u, np.intersect1d(sketch, k)).mean() >= 0.9 for k in kept[-256:])
        assert twins.has(sketch) == alike
        found += alike
        kept += [] if alike else [sketch]
    assert 40 < found < 360


def test_evidence_has_the_shape_of_rules() -> None:
    atoms = segment([p.raw for p in PAGES[:3]])
    evidence = PROFILE.evidence(atoms, measure(atoms))
    assert evidence.shape == (len(atoms), len(LABELS))
    assert evidence.dtype == np.float32
    assert (evidence >= 0).all()


def test_reasons_name_the_site() -> None:
    reasons = [r for b in clean(PAGES[0].raw, site=PROFILE).page for r in b.reasons if r.source.startswith("site:")]
    assert {r.source for r in reasons} == {"site:menu", "site:text"}
    assert all(0 < r.weight <= 6 for r in reasons)
    assert not any(r.source.startswith("site:") for b in clean(PAGES[0].raw).page for r in b.reasons)


def test_a_profile_of_another_site_changes_nothing() -> None:
    other = "Fish of the week\n\nThe stall by the bridge sold out before noon, as it had done on every day of the fair.\n\nPrint this page"
    assert clean(other, site=PROFILE).to_dict() == clean(other).to_dict()


def test_batches_do_not_matter() -> None:
    stripper = Stripper(site=PROFILE)
    texts = [p.raw for p in PAGES]
    assert [r.to_dict() for r in stripper.clean_many(texts)] == [stripper.clean(t).to_dict() for t in texts]


def test_empty_and_odd_pages() -> None:
    profile = SiteProfile.learn(["", "\n\n", "1 2 3", "\ud800", "7", b"\xff\xfe", "a" * 10_000])
    for text in ("", "12.30", "\ud800", "a" * 10_000):
        clean(text, site=profile)
    assert SiteProfile.learn([]).pages == 0
    clean("x", site=SiteProfile.learn([]))


def test_wrong_option() -> None:
    with pytest.raises(TypeError, match="SiteProfile"):
        Options.of(site="lantern.example")


# ---- merging and storage ----------------------------


def same(a: SiteProfile, b: SiteProfile) -> bool:
    return a.pages == b.pages and all(np.array_equal(x, y) for x, y in zip(a.columns().values(), b.columns().values()))


def test_merging_is_associative_and_commutative() -> None:
    a, b, c = (SiteProfile.learn([p.raw for p in part]) for part in (PAGES[:2], PAGES[2:7], PAGES[7:]))
    assert same(a.merge(b).merge(c), a.merge(b.merge(c)))
    assert same(a.merge(b), b.merge(a))
    assert same(a.merge(b).merge(c), PROFILE)
    assert same(a.merge(SiteProfile.learn([])), a)


COUNT = st.integers(0, 2**40)
ROWS = st.lists(st.tuples(st.integers(0, 5) | st.integers(0, 2**64 - 1), *[COUNT] * 6), max_size=8)
PROFILES = st.builds(lambda pages, rows: SiteProfile.from_dict(
    {"site": "", "version": 1, "pages": pages, **{name: [row[n] for row in rows] for n, name in enumerate(COLUMNS)}}), COUNT, ROWS)


@settings(max_examples=100, deadline=None)
@given(PROFILES, PROFILES, PROFILES)
def test_the_laws_of_merging(a: SiteProfile, b: SiteProfile, c: SiteProfile) -> None:
    assert same(a.merge(b).merge(c), a.merge(b.merge(c)))
    assert same(a.merge(b), b.merge(a))
    assert same(a.merge(SiteProfile.learn([])), a)
    assert (np.diff(a.merge(b).hash.astype(object)) > 0).all()


def test_pickled_profiles_are_the_same() -> None:
    assert same(pickle.loads(pickle.dumps(PROFILE)), PROFILE)
    assert "10 pages" in repr(PROFILE)


def test_pruning_keeps_what_recurs() -> None:
    small = PROFILE.pruned()
    assert len(small.hash) < len(PROFILE.hash)
    assert clean(PAGES[0].raw, site=small).to_dict() == clean(PAGES[0].raw, site=PROFILE).to_dict()


@pytest.mark.parametrize("name", ["profile.json", "profile.parquet"])
def test_saved_and_loaded(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    PROFILE.save(tmp_path / name)
    loaded = SiteProfile.load(tmp_path / name)
    assert same(loaded, PROFILE)
    assert loaded.site == "lantern.example"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["profiles.jsonl", "profiles.parquet"])
def test_many_sites_are_read_one_by_one(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    odd = 'a "quoted" \\ sité'
    Profiles.write([SiteProfile.learn([p.raw for p in site(4, seed)], str(seed) if seed else odd) for seed in range(5)], tmp_path / name)
    store = Profiles(tmp_path / name)
    assert set(store) == {odd, "1", "2", "3", "4"}
    assert "9" not in store
    assert same(store["3"], SiteProfile.learn([p.raw for p in site(4, 3)]))
    with pytest.raises(ValueError, match="5 site profiles"):
        SiteProfile.load(tmp_path / name)


UNEVEN = {"site": "a", "version": 1, **PROFILE.to_dict(), "words": [1]}


@pytest.mark.parametrize("content", [b"{}", b"[1]\n", b"\xff\xfe", b'{"site": "a", "version": 1, "pages": 3}',
                                     b'{"site": "a", "version": 99}', json.dumps(UNEVEN).encode()])
def test_what_is_no_profile(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json"):
        SiteProfile.load(path)


def test_no_parquet_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a\.parquet"):
        Profiles(tmp_path / "a.parquet")
    with pytest.raises(OSError, match="none"):
        Profiles(tmp_path / "none.json")


# ---- learning from files ----------------------------


def write_pages(path: Path) -> None:
    rows = [{"id": n, "domain": f"s{seed}.example", "text": p.raw} for seed in range(3) for n, p in enumerate(site(8, seed))]
    rows += [{"id": 99, "domain": "few.example", "text": PAGES[0].raw}, {"id": 98, "text": PAGES[1].raw},
             {"id": 97, "domain": "s1.example"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_learn_and_batch(tmp_path: Path) -> None:
    write_pages(tmp_path / "in.jsonl")
    columns = Columns(site="domain")
    assert batch.learn([tmp_path / "in.jsonl"], tmp_path / "profiles.jsonl", columns=columns) == (3, 25)
    assert set(Profiles(tmp_path / "profiles.jsonl")) == {"s0.example", "s1.example", "s2.example"}
    batch.run([tmp_path / "in.jsonl"], tmp_path / "out.jsonl", columns=columns, profiles=tmp_path / "profiles.jsonl", ordered=True)
    for row in map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()):
        known = Profiles(tmp_path / "profiles.jsonl").get(row.get("domain"))
        raw = next(json.loads(line)["text"] for line in (tmp_path / "in.jsonl").open() if json.loads(line)["id"] == row["id"]
                   and json.loads(line).get("domain") == row.get("domain"))
        assert row["text"] == clean(raw, site=known).text


def test_enough_pages_are_enough(tmp_path: Path) -> None:
    write_pages(tmp_path / "in.jsonl")
    batch.learn([tmp_path / "in.jsonl"], tmp_path / "p.jsonl", columns=Columns(site="domain"), most=5)
    assert all(profile.pages == 5 for profile in Profiles(tmp_path / "p.jsonl").values())


def test_one_page_is_not_several() -> None:
    with pytest.raises(TypeError, match="several"):
        SiteProfile.learn("The lamp of Saltmarsh was lit.")
