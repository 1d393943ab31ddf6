"""The particulars of one task: names, rooms, devices and numbers that fill the slots of its texts."""

from random import Random

from helpdesk.demo.colleagues import COLLEAGUES, LEAVERS, NEWCOMERS, Colleague

_WEEKDAYS = ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу")
_FLOORS = (1, 2, 3, 4)

Slots = dict[str, str]


def fill(rng: Random, asker: Colleague) -> Slots:
    """Values for every slot that the texts of the situations and phrases may hold, alike in all texts of a task."""
    return _people(rng, asker) | _own(asker) | _devices(rng) | _numbers(rng) | _times(rng)


def render(text: str, slots: Slots, *, female: bool = True) -> str:
    """The text with its slots filled, as said by a woman or a man; it begins with a capital letter."""
    said = text.format_map(slots | {"a": "а" if female else "", "sya": "ась" if female else "ся"})
    return said[:1].upper() + said[1:]


def _people(rng: Random, asker: Colleague) -> Slots:
    other = rng.choice([one for one in COLLEAGUES["office"] if one.name != asker.name])
    newcomer, leaver = rng.choice(NEWCOMERS), rng.choice(LEAVERS)
    ending = ("а", "ась") if asker.is_female else ("", "ся")
    return {
        "who": asker.name,
        "who_gen": asker.genitive,
        "hey": asker.name.split()[0],
        "dept": asker.department,
        "place": asker.place,
        "ra": ending[0],
        "rsya": ending[1],
        "store": asker.place[-1],
        "other": other.name,
        "other_gen": other.genitive,
        "other_dat": other.dative,
        "other_dept": other.department,
        "fresh": newcomer.name,
        "fresh_gen": newcomer.genitive,
        "fresh_dept": newcomer.department,
        "fresh_place": newcomer.place,
        "gone": leaver.name,
        "gone_dat": leaver.dative,
    }


def _own(asker: Colleague) -> Slots:
    # The same person has the same telephone, computer and floor in every task.
    sum_of_name = sum(map(ord, asker.name))
    floor = asker.place[5] if asker.place.startswith("каб. ") else "1"
    return {
        "ext": str(1100 + sum_of_name % 3700),
        "pc": f"АРМ-{101 + sum_of_name % 389}",
        "floor": floor,
        "printer": f"МФУ-{floor}-{1 + sum_of_name % 3:02}",
    }


def _devices(rng: Random) -> Slots:
    floor = rng.choice(_FLOORS)
    return {
        "room2": f"каб. {rng.choice(_FLOORS)}{rng.randint(1, 24):02}",
        "label": f"ТП-{rng.randint(1, 12):02}",
        "tsd": f"ТСД-{rng.randint(1, 40):02}",
        "sw": f"К-{floor}-{rng.randint(1, 6):02}",
        "socket": f"{floor}-{rng.randint(10, 199)}",
        "gate": str(rng.randint(1, 8)),
        "cash": str(rng.randint(1, 4)),
        "cell": f"{rng.choice('АБВГД')}-{rng.randint(1, 24):02}-{rng.randint(1, 6):02}",
    }


def _numbers(rng: Random) -> Slots:
    return {
        "spare": str(rng.randint(1101, 4899)),
        "doc": f"00-{rng.randint(1200, 9890):06}",
        "sku": f"{rng.randint(10, 89)}-{rng.randint(1000, 9990)}",
        "sum": f"{rng.randint(11, 940)} {rng.randint(100, 999)}",
        "qty": str(rng.randint(5, 20)),
        "n": str(rng.randint(2, 4)),
        "release": f"3.1.{rng.randint(21, 58)}",
    }


def _times(rng: Random) -> Slots:
    # `time` has passed whenever the task is registered, `later` is still to come, `then` is of another day.
    onday = rng.choice(_WEEKDAYS)
    return {
        "onday": onday,
        "day": onday.split()[1],
        "time": f"8:{rng.randrange(0, 60, 5):02}",
        "then": f"{rng.randint(10, 17)}:{rng.randrange(0, 60, 5):02}",
        "later": f"{rng.choice((16, 17))}:{rng.choice(('00', '30'))}",
    }
