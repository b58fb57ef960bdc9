"""OpenLineage events conform to the published schema: the official client, whose classes are generated from it,
accepts them."""

import copy
import importlib
import json
import pkgutil
import types
import typing
from enum import Enum

import attr
from openlineage.client import generated
from openlineage.client.generated.base import BaseFacet, RunEvent
from openlineage.client.serde import Serde

from kit import END, START, attempt, check, must

TABLE = "stock_daily_cn"


def facets():
    """Every published facet, by the URL of its schema."""
    modules = [importlib.import_module(f"{generated.__name__}.{found.name}") for found in pkgutil.iter_modules(generated.__path__)]
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseFacet)}
    return {kind._get_schema(): kind for kind in kinds}


FACETS = facets()


def facet(base, name, value):
    """The facet that a value claims to be; its name and position must be those of its schema."""
    kind = FACETS[value["_schemaURL"]]
    if not issubclass(kind, base) or not kind.__name__.lower().startswith(name.lower()):
        raise TypeError(f"`{name}` is a {kind.__name__}")
    return taken(kind, value)


def taken(kind, value):
    """Converts a value to its class. Fails if it has another type, lacks a field, or has an unknown one."""
    origin, of = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        [kind] = [one for one in of if one is not type(None)]
        return taken(kind, value)
    if origin is list and isinstance(value, list):
        return [taken(of[0], item) for item in value]
    if origin is dict and isinstance(value, dict):
        return {name: facet(of[1], name, item) for name, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if attr.has(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        fields = {field.name: field for field in attr.fields(kind)}
        given = {}
        for name, item in value.items():
            part = taken(hints[name], item)
            if fields[name].init:  # the URL of the schema is set by the class, and compared at the end
                given[fields[name].alias] = part
        return kind(**given)
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise TypeError(f"{value!r} is no {kind}")


def filled(value):
    """Without empty values, which the client writes in other places than pitlake."""
    if isinstance(value, dict):
        kept = {name: filled(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, {}, [])}
    return [filled(item) for item in value] if isinstance(value, list) else value


def refusal(event):
    """Why an event does not conform, or None."""
    try:
        written = Serde.to_dict(taken(RunEvent, event))
    except (KeyError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if filled(written) == filled(event) else "the client writes another event"


def broken(event):
    """An event, made invalid in each possible way."""
    changes = {
        "an unknown kind": lambda event: event.update(eventType="ENDED"),
        "no time": lambda event: event.pop("eventTime"),
        "a day for a time": lambda event: event.update(eventTime="2024-01-02"),
        "a number for a name": lambda event: event["job"].update(name=1),
        "an id that is no UUID": lambda event: event["run"].update(runId="1"),
        "an unknown field": lambda event: event.update(tables=[]),
        "another schema": lambda event: event.update(schemaURL=event["schemaURL"].replace("2-0-2", "1-0-0")),
        "text for a count": lambda event: event["outputs"][0]["outputFacets"]["outputStatistics"].update(rowCount="1"),
        "a facet of another place": lambda event: event["run"]["facets"].update(event["outputs"][0]["outputFacets"]),
        "a facet without a schema": lambda event: event["outputs"][0]["outputFacets"]["outputStatistics"].pop("_schemaURL"),
        "a dataset without a name": lambda event: event["inputs"][0].pop("name"),
    }
    for what, change in changes.items():
        wrong = copy.deepcopy(event)
        change(wrong)
        yield what, wrong


def check_lineage(binary, folder, vendor):
    """A successful run and one whose token is rejected; then invalid events."""
    command = [binary, "backfill", TABLE, "--start", START, "--end", END, "--lineage", "events.jsonl"]
    must("backfill --lineage", [*command, "--lake", "told"], folder, TUSHARE_TOKEN=vendor["token"])
    must("backfill --lineage with a wrong token", [*command, "--lake", "refused"], folder, codes=(5,), TUSHARE_TOKEN="wrong")
    with attempt("the events of OpenLineage"):
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        kinds = [event["eventType"] for event in events]
        check("two runs tell how they begin and end", kinds == ["START", "COMPLETE", "START", "FAIL"], kinds)
        for event in events:
            why = refusal(event)
            check(f"the event {event['eventType']} is one of the published schema", not why, why)
        whole = events[1]
        check("an event names what was asked and written", whole["inputs"] and whole["outputs"], whole)
        for what, event in broken(whole):
            check(f"an event with {what} is refused", refusal(event) != "")
