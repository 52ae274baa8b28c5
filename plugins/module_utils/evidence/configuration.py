# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ConfigMaps, Secrets and certificates of a workload: what is missing, what was changed, what expires. Never a value."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Optional

from ..clients.answers import excerpt
from ..lean import dataclass
from ..model.surroundings import Certificate, ConfigurationChange, MissingReference
from .certificates import covers, issuers_validity, validity
from .neighbourhood import Neighbourhood
from .objects import Object, annotations_of, mapping, metadata, moment, name_of, sequence
from .references import CONFIG_MAP, SECRET, Reference

MAX_CERTIFICATES = 10
"""Secrets whose certificate is read."""
MAX_NAMES = 20
"""Names of a certificate that are told."""
UsedBy = tuple[str, Sequence[str]]
"""By what a certificate's Secret is used, and the hosts that it is shown for, as far as they are known."""
_TLS_KEY = "tls.crt"
_RENEWED = "cert-manager.io/certificate-name"
_DATA_FIELDS = ("f:data", "f:binaryData", "f:stringData")
_LISTED_AS = {CONFIG_MAP: "ConfigMaps", SECRET: "Secrets"}
_MADE_WITHIN = timedelta(seconds=2)
"""What was written that shortly after it was made was written as it was made."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a ConfigMap or Secret. ``keys`` is None when they are not known."""

    found: Object
    keys: frozenset[str] | None


Configuration = Mapping[str, Optional[Mapping[str, Kept]]]  # noqa: UP045 (ansible-test's pylint takes the other form for an operation)
"""By kind and name; None for a kind that could not be read."""


def configuration(around: Neighbourhood) -> Configuration:
    """The ConfigMaps and Secrets of the namespace, without what is in them."""
    known: dict[str, Mapping[str, Kept] | None] = {}
    for kind, what in _LISTED_AS.items():
        listed = around.listed(what)
        known[kind] = None if listed is None else {name_of(entry): Kept(_bare(entry), _keys(entry)) for entry in listed}
    return known


def missing_references(named: Sequence[Reference], known: Configuration) -> tuple[MissingReference, ...]:
    """What the template names and that is not there, though it has to be."""
    missing: list[MissingReference] = []
    for reference in named:
        there = known.get(reference.kind)
        if reference.optional or there is None:
            continue
        kept = there.get(reference.name)
        if kept is None and not any((one.kind, one.name) == (reference.kind, reference.name) for one in missing):
            missing.append(MissingReference(reference.kind, reference.name, reference.used_by, pull=reference.pull))
        elif kept and reference.key and kept.keys is not None and reference.key not in kept.keys:
            missing.append(MissingReference(reference.kind, reference.name, reference.used_by, reference.key))
    return tuple(missing)


def changes(named: Sequence[Reference], known: Configuration, since: datetime) -> tuple[ConfigurationChange, ...]:
    """Which of them were written after ``since``, by whom: the newest first."""
    found = []
    for kind, name in dict.fromkeys((reference.kind, reference.name) for reference in named if not reference.pull):
        kept = (known.get(kind) or {}).get(name)
        written = _last_write(kept.found) if kept else None
        if kept is None or written is None or written[0] < since:
            continue
        made = moment(metadata(kept.found).get("creationTimestamp"))
        created = made is not None and written[0] - made < _MADE_WITHIN
        found.append(ConfigurationChange(kind, name, written[0], written[1], created))
    return tuple(sorted(found, key=lambda change: change.at, reverse=True))


def certificates(used: Mapping[str, UsedBy], known: Configuration, around: Neighbourhood) -> tuple[Certificate, ...]:
    """The certificates of those Secrets that hold one, or may."""
    secrets = known.get(SECRET)
    if secrets is None:
        return ()  # nor may they be read one by one, mostly; that they can't be listed is said already
    wanted = [name for name in used if name in secrets and _may_hold(secrets[name])][:MAX_CERTIFICATES]
    read = around.secrets(tuple(wanted))
    found = (_certificate(name, *used[name], read[name]) for name in wanted if name in read)
    return tuple(one for one in found if one is not None)


def _certificate(secret: str, used_by: str, hosts: Sequence[str], found: Object) -> Certificate | None:
    """None for a Secret that holds no certificate. Its private key is not looked at."""
    encoded = mapping(found.get("data")).get(_TLS_KEY)
    if not isinstance(encoded, str):
        return None
    try:
        pem = base64.b64decode(encoded, validate=True)
        period, issuer = validity(pem), issuers_validity(pem)
    except binascii.Error:
        return Certificate(secret, used_by, problem="its certificate is not base64")
    except ValueError as error:
        return Certificate(secret, used_by, problem=str(error))
    not_for = tuple(excerpt(host, 100) for host in hosts if period.names and not covers(period.names, host))
    names = tuple(excerpt(name, 100) for name in period.names[:MAX_NAMES])
    return Certificate(
        secret,
        used_by,
        period.not_after,
        period.not_before,
        names=names,
        not_for=not_for,
        issuer_expires_at=issuer.not_after if issuer else None,
        renewed=bool(annotations_of(found).get(_RENEWED)),
    )


def _may_hold(kept: Kept) -> bool:
    return kept.keys is None or _TLS_KEY in kept.keys


def _bare(found: Object) -> Object:
    """Without its data, in case the server sent it all the same."""
    return {"metadata": found.get("metadata")}


def _keys(found: Object) -> frozenset[str] | None:
    """The names of its keys: as they are where the server sent them, else as those who wrote them are remembered for."""
    if any(field in found for field in ("data", "binaryData", "type")):
        return frozenset(str(key) for field in ("data", "binaryData") for key in mapping(found.get(field)))
    entries = sequence(metadata(found).get("managedFields"))
    if not entries:
        return None
    fields = [mapping(mapping(mapping(entry).get("fieldsV1")).get(field)) for entry in entries for field in _DATA_FIELDS]
    return frozenset(str(key).removeprefix("f:") for owned in fields for key in owned if key != ".")


def _last_write(found: Object) -> tuple[datetime, str | None] | None:
    """When and by whom the data was last written: changes of labels and the like say nothing about configuration."""
    writes = []
    for entry in map(mapping, sequence(metadata(found).get("managedFields"))):
        at: Any = moment(entry.get("time"))
        if at is not None and any(field in mapping(entry.get("fieldsV1")) for field in _DATA_FIELDS):
            writes.append((at, excerpt(str(entry.get("manager") or ""), 60) or None))
    if writes:
        return max(writes, key=lambda write: write[0])
    made = moment(metadata(found).get("creationTimestamp"))
    return (made, None) if made else None
