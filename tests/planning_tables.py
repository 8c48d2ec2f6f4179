"""Small invented tables, unlike each other, that requests in the planner's tests are about."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

__all__ = ["DATA_FRAMES", "PENGUINS", "vocabulary", "write_projects"]

WEATHER = Path(__file__).parents[1] / "notebooks" / "data" / "seattle-weather.csv"

ORDERS = """\
order_id,ordered_on,customer,country,product,quantity,unit_price,amount,status
1001,2023-11-30,Fjord Cafe,Norway,lamp,4,49.5,198.0,paid
1002,2023-12-04,Blau GmbH,Germany,desk,1,420.0,420.0,shipped
1003,2024-01-15,Atelier Nord,France,chair,6,89.0,534.0,paid
1004,2024-02-02,Fjord Cafe,Norway,shelf,2,130.0,260.0,cancelled
1005,2024-02-20,Hansa KG,Germany,lamp,10,45.0,450.0,shipped
1006,2024-04-08,Blau GmbH,Germany,chair,3,89.0,267.0,returned
1007,2024-05-27,Fjord Cafe,Norway,desk,2,415.0,830.0,paid
1008,2024-07-03,Atelier Nord,France,lamp,1,52.0,52.0,returned
1009,2024-09-19,Hansa KG,Germany,shelf,5,125.0,625.0,shipped
1010,2024-12-11,Blau GmbH,Germany,desk,1,430.0,430.0,cancelled
"""

READING_COLUMNS = ("taken_at", "station", "co2_ppm", "humidity", "battery_voltage")
READINGS = [
    ("2025-02-27 08:00:00", "north", 431.0, 55.0, 3.9),
    ("2025-02-28 17:30:00", "harbour", 512.0, 71.0, 3.7),
    ("2025-03-01 08:00:00", "south", 447.0, 38.0, 4.0),
    ("2025-03-02 21:15:00", "harbour", 498.0, 66.0, 3.6),
    ("2025-03-05 12:00:00", "north", 420.0, 35.0, 3.8),
]

PENGUINS = pa.table(
    {
        "species": ["Adelie", "Adelie", "Chinstrap", "Gentoo", "Gentoo", "Adelie"],
        "island": ["Torgersen", "Biscoe", "Dream", "Biscoe", "Biscoe", "Dream"],
        "bill_length_mm": [39.1, 38.3, 46.5, 50.0, 47.6, None],
        "bill_depth_mm": [18.7, 19.2, 17.9, 16.3, 14.5, 18.0],
        "flipper_length_mm": [181, 189, 192, 230, 215, 190],
        "body_mass_g": [3750, 3950, 3500, 5700, 5400, None],
        "sex": ["male", "female", "female", "male", "female", None],
        "year": [2007, 2008, 2007, 2009, 2008, 2008],
    }
)

STAFF = pa.table(
    {
        "name": ["Ada", "Bo", "Chen", "Dag", "Eva"],
        "department": ["Sales", "Research", "Sales", "Support", "Research"],
        "salary": [52_000.0, 71_500.0, 48_000.0, 45_250.0, 58_000.0],
        "age": [34, 51, 28, 60, 45],
        "hired": pa.array(["2019-03-01", "2015-10-12", "2021-06-30", "2021-01-04", "2018-08-20"]).cast(
            pa.timestamp("ns")
        ),
        "city": ["Oslo", "Bergen", "Oslo", "Oslo", "Bergen"],
        "remote": [False, True, False, True, True],
    }
)

FILMS = pa.table(
    {
        "title": ["A Quiet Sea", "Big Fun", "Cold House", "Dust", "Even Odds", "Far North"],
        "genre": ["drama", "comedy", "horror", "drama", "comedy", "horror"],
        "released": pa.array(["2010-12-03", "2016-05-01", "2018-10-31", "2021-12-24", "1999-07-07", "2014-10-01"]).cast(
            pa.date32()
        ),
        "rating": [7.9, 8.2, 6.1, 8.8, 5.0, 6.6],
        "votes": [1200, 5300, 800, 22000, 90, 400],
        "runtime_min": [121, 95, 88, 140, 101, 92],
        "studio": ["Northlight", "Bluebird", "Northlight", "Harbour Pictures", "Bluebird", "Northlight"],
    }
)

VISITS = pa.table(
    {
        "page": ["home", "shop", "home", "blog", "shop", "blog"],
        "show": ["Harbour", "Lights", "Harbour", "Lights", "Harbour", "Lights"],
        "day": [1, 1, 2, 2, 3, 3],
        "view": [120, 80, 95, 60, 130, 75],
    }
)

SHIFTS = pa.table(
    {
        "ward": ["East", "West", "East", "North", "West", "North"],
        "department": ["IT", "HR", "IT", "Care", "Care", "HR"],
        "shift": ["day", "night", "day", "night", "day", "night"],
        "grade": ["A", "B", "A", "C", "B", "A"],
        "sick_days": [3, 1, 0, 5, 2, 4],
        "reports": [12, 7, 9, 15, 4, 8],
    }
)

CATALOG = pa.table(
    {
        "product": ["lamp", "desk", "chair", "shelf"],
        "maker": ["Blau", "Nord", "Blau", "Nord"],
        "price": [49.5, 420.0, 89.0, 130.0],
        "sold": [400, 12, 150, 90],
        "stock": [1_500_000, 800, 12_000, 2_500_000],
        "note": ["", "—", "", "new"],
    }
)

SALES = pa.table(
    {
        "Txn#": [f"T{number}" for number in range(1, 9)],
        "SaleDate": pa.array(
            [
                "2024-01-09",
                "2024-01-22",
                "2024-02-14",
                "2024-02-20",
                "2024-03-03",
                "2024-03-03",
                "2024-03-29",
                "2024-04-11",
            ]
        ).cast(pa.date32()),
        "Rep": ["Okafor", "Lindqvist", "Okafor", "Moreau", "Lindqvist", "Okafor", "Moreau", "Moreau"],
        "Region": ["EMEA", "APAC", "EMEA", "LATAM", "APAC", "LATAM", "EMEA", "APAC"],
        "SKU": ["K-10", "K-10", "P-7", "K-10", "P-7", "Z-1", "Z-1", "P-7"],
        "Qty Sold": [4, 10, 2, 7, 1, 12, 3, 5],
        "Gross_Rev_USD": [400.0, 1000.0, 90.0, 700.0, 45.0, 3600.0, 900.0, 225.0],
        "Disc%": [0.0, 5.0, 0.0, 10.0, 0.0, 15.0, 5.0, 0.0],
        "Channel": ["online", "store", "online", "partner", "store", "online", "partner", "online"],
    }
)

PATIENTS = pa.table(
    {
        "pid": [101, 102, 103, 104, 105, 106],
        "sex": ["F", "M", "F", "F", "M", "M"],
        "DOB": pa.array(["1975-03-04", "1990-06-07", "1962-01-30", "2001-12-05", "1983-08-19", "1979-10-10"]).cast(
            pa.date32()
        ),
        "weightKg": [61.5, 82.0, 70.2, 55.0, 90.1, 77.7],
        "height_cm": [165, 181, 170, 160, 188, 176],
        "smoker": [True, False, False, True, True, False],
        "blood type": ["O", "A", "O", "AB", "B", "A"],
        "clinic": ["North", "South", "North", "South", "North", "South"],
        "visits": [3, 1, 7, 2, 4, 5],
    }
)

SENSORS = pa.table(
    {
        "ts": pa.array(
            [f"2025-01-01 {time}:00" for time in ["00:05", "00:35", "06:05", "12:05", "12:35", "18:05", "23:05"]]
        ).cast(pa.timestamp("us")),
        "dev_id": ["d1", "d2", "d1", "d3", "d2", "d3", "d1"],
        "room": ["kitchen", "cellar", "kitchen", "attic", "cellar", "attic", "kitchen"],
        "tempC": [19.5, 12.1, 21.0, 15.0, 12.4, 16.2, 20.1],
        "RH_pct": [41.0, 77.0, 40.0, 52.0, 79.0, 50.0, 43.0],
        "lux": [5, 0, 300, 1500, 2, 900, 12],
        "door_open": [False, True, False, False, True, False, True],
        "batt_mV": [3010, 2890, 3005, 2950, 2870, 2940, 2999],
    }
)

PLAYERS = pa.table(
    {
        "player": ["Ito", "Berg", "Costa", "Diallo", "Evans", "Fox", "Garcia"],
        "team": ["Falcons", "Falcons", "Rovers", "Rovers", "Falcons", "Rovers", "Falcons"],
        "pos": ["striker", "keeper", "striker", "midfielder", "defender", "midfielder", "midfielder"],
        "goals": [21, 0, 17, 11, 2, 12, 4],
        "assists": [5, 0, 7, 12, 1, 9, 3],
        "mins_played": [2800, 3060, 2500, 2900, 3000, 2100, 1500],
        "yellow cards": [3, 1, 6, 4, 7, 2, 0],
        "season": [2023] * 7,
        "birth_year": [1998, 1990, 2001, 1999, 1994, 2003, 2000],
    }
)

DATA_FRAMES = {
    "catalog": CATALOG,
    "films": FILMS,
    "patients": PATIENTS,
    "penguins": PENGUINS,
    "players": PLAYERS,
    "sales": SALES,
    "sensors": SENSORS,
    "shifts": SHIFTS,
    "staff": STAFF,
    "visits": VISITS,
}
"""Tables that a notebook hands over; the others are files."""


def write_projects(folder: Path) -> None:
    """Two project folders: `weather` has one data file, which need not be named; `several` has two, which must be."""
    alone, several = folder / "weather" / "data", folder / "several" / "data"
    alone.mkdir(parents=True)
    several.mkdir(parents=True)
    shutil.copy(WEATHER, alone)
    (several / "orders.csv").write_text(ORDERS)
    lines = (json.dumps(dict(zip(READING_COLUMNS, row, strict=True))) for row in READINGS)
    (several / "readings.jsonl").write_text("\n".join(lines))


def vocabulary(of: str) -> frozenset[str]:
    """The files, columns and texts of a project: all that a plan may say about its tables beside the request."""
    if of in DATA_FRAMES:
        table = DATA_FRAMES[of]
        texts = (str(value) for column in table.columns for value in column.to_pylist())
        return frozenset({*table.column_names, *texts})
    if of == "weather":
        return frozenset({"data/seattle-weather.csv", *_cells(WEATHER.read_text())})
    readings = (*READING_COLUMNS, *(row[1] for row in READINGS))
    return frozenset({"data/orders.csv", "data/readings.jsonl", *_cells(ORDERS), *readings})


def _cells(text: str) -> Iterator[str]:
    return (cell for row in csv.reader(text.splitlines()) for cell in row)
