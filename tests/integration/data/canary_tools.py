"""Tools that are careless with a secret in every way that tools are; the canary test copies them into its project."""
# ruff: noqa: B904, TRY301 - errors that drag along what caused them are the point

import asyncio
import base64
import json
import logging
import time
import urllib.parse

import pandas as pd
import pyarrow as pa

from brain.artifacts import File
from brain.errors import ToolError

log = logging.getLogger("shop")


async def header(name, url, *, context):
    secret = urllib.parse.quote(context.secret(name), safe="/+")
    return (await context.egress.get(url, {"Authorization": f"Bearer {secret}"})).text


async def basic(name, url, *, context):
    both = base64.b64encode(f"the-user:{context.secret(name)}".encode()).decode()
    return json.loads((await context.egress.get(url, {"Authorization": f"Basic {both}"})).text)


async def query(name, url, *, context):
    value = urllib.parse.quote(context.secret(name), safe="")
    page = await context.egress.get(f"{url}?key={value}&rest=" + "x" * 400)
    return {"from": page.url, "said": page.text}


def given(value):
    return {"you said": value, value: 1}


def broken(name, how, *, context):
    value = context.secret(name)
    try:
        raise KeyError(value)
    except KeyError as exc:
        if how == "nested":
            raise RuntimeError(f"could not use {value!r}") from exc
        if how == "group":
            raise ExceptionGroup(f"both {value}", [ValueError(value), OSError(value)])
        if how == "long":
            raise ValueError("x" * 5000 + value)
        raise ToolError(f"{how} {json.dumps(value)}", transient=how == "transient")


def table(name, *, context):
    value = context.secret(name)
    frame = pd.DataFrame({"who": ["us", value], "note": [f"<{value}>", "none"], value: [1, 2]})
    frame.attrs["source"] = value
    return frame


def file(name, *, context):
    value = context.secret(name)
    return File(json.dumps({"key": value}).encode(), "application/json", "key.json")


def binary(name, *, context):
    return File(b"\xff\xfe\x00" + context.secret(name).encode(), "application/octet-stream", "key.bin")


def talk(name, *, context):
    value = context.secret(name)
    for share in range(5):
        context.report(share * 20, f"sending {value} for the {share}. time")
        time.sleep(0.03)
    log.warning("sent %s", value, extra={"harmless": 1})
    try:
        int(value)
    except ValueError:
        log.exception("it is no number")
    return {"sent": True}


async def slow(name, *, context):
    value = context.secret(name)
    context.report(None, f"waiting with {value}")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ValueError(f"given up with {value}")


async def ask_model(name, *, context):
    return (await context.model.complete(f"Repeat {context.secret(name)}")).text


def deep(name, *, context):
    value = context.secret(name)
    return {
        "a": [{"b": [value, base64.b64encode(value.encode()).decode()]}],
        "text": f"{value} " * 200,
        "table": [pa.table({"v": [[value]], "d": pa.array([value]).dictionary_encode()})],
        "file": [File(f"key = {value}\n".encode(), "text/plain", f"{name}.txt")],
        "json": json.dumps({"k": value}),
        "form": urllib.parse.urlencode({"k": value}),
    }
