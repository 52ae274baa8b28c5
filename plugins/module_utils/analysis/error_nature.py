# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether errors are of the kind that a program makes by itself, or that somebody else's failure makes, in the words of the runtimes.

Neither is a proof: a program may ask a dependency for too much, and strange input may break one that is years old.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from ..model.logs import LogPattern

_MOST = 0.6
"""Share of the errors that are a program's own, for all of them to be called so."""
_HALF, _FEW = 0.5, 0.2
"""Share of those of another's failure, and most of the others beside them: what fails in one place is told in several words."""
_CLIENT_SHARE = 0.5
_REPEATED = 5


class Nature(StrEnum):
    OWN = "own"
    OUTSIDE = "outside"
    WAITING = "waiting"
    """Something was given up: whoever was too slow, it does not say."""


_OWN = re.compile(
    "|".join(
        (
            r"NullPointer|NullReference|null pointer|nil pointer|nil map|NoneType",
            r"is (?:null|undefined|not defined|not a function)\b|of (?:undefined|null)\b|must not be (?:null|empty)",
            # In a browser's words, and Node.js', a request that found nobody is a TypeError.
            r"\b(?:Key|Attribute|Index|Value|Reference|Name|Syntax|Import|ModuleNotFound|Unbound|NoMethod|Argument|Range|Integrity|Zod)Error\b",
            r"\bTypeError\b(?!\W{1,3}(?:fetch failed|failed to fetch|NetworkError|Load failed))",
            r"\b(?:ZeroDivision|Assertion|UnboundLocal|NotImplemented|JSONDecode)Error\b|division by zero",
            r"assertion failed|overflow\b(?! \d)",
            r"\bruntime error:|Option::unwrap|Borrow(?:Mut)?Error",
            r"segmentation fault|SIGSEGV|StackOverflow|index out of (?:range|bounds)|out of range",
            r"ClassCast|NoSuch(?:Method|Field|Element)|ClassNotFound|NoClassDef|Illegal(?:Argument|State)|Unsupported(?:Operation|Encoding)",
            r"Cannot find module|different types",
            r"(?:cannot|can't|failed to|could not|unable to) (?:decode|parse|compare|deserialize|unmarshal|serialize|cast|convert)",
            r"unmarshal|deserializ|unexpected (?:token|end of|field|key)|unknown (?:field|column|property|format|option|flag)",
            r"(?:column|relation|table|function) \S+ does not exist|no such (?:table|column)|missing (?:required|mandatory)",
            r"violates (?:not-null|foreign key|unique|check) constraint|invalid input syntax|invalid identifier|unknown column",
            r"\b(?:NumberFormat|\w*IndexOutOf(?:Bounds|Range)|ConcurrentModification|DateTimeParse|LazyInitialization|NoSuchBean\w*)Exception",
            r"\b(?:UnrecognizedProperty|MismatchedInput|InvalidDefinition|TemplateInput|KeyNotFound|Format|InvalidCast|Json\w*)Exception\b",
            r"\b\w*Mapping(?:Type)?Exception\b|Missing type map|could not be (?:converted to|parsed)|not in a correct format",
            r"Sequence contains no|Unable to resolve service for type|Collection was modified|Nullable object must have",
            r"\b(?:Recursion|Frozen|Field|Undefined|Unicode(?:De|En)code)Error\b|maximum recursion|Maximum call stack|changed size during",
            r"\d+ validation errors? for|ClientValidationError|TemplateDoesNotExist|unsupported operand|Cannot set headers after",
            r"undefined (?:method|local variable|index|offset|variable|property|array key|constant)",
            r"uninitialized constant|unknown attribute",
            r"Call to (?:undefined|a member function)|segfault at|concurrent map|goroutines are asleep",
            r"interface conversion:|Scan error on column|can't evaluate field|Unrecognized (?:field|property|option)",
            r"\b(?:Argument(?:Null|OutOfRange)?|Missing(?:Method|Field)|TypeLoad|TypeInitialization|Arithmetic|\w*SqlGrammar)Exception\b",
            r"\b(?:DataIntegrityViolation|UninitializedProperty\w*|NoWhenBranchMatched)Exception\b|ExceptionInInitializerError",
            r"Value cannot be null|Could not load (?:file or assembly|type)|(?:class|method) (?:\S+ )?not found",
            r"\b(?:(?:Function|Case|Cond|With|Try)Clause|Match|BadMap|BadArity|Undefined(?:Function)?|Query|Decode)Error\b",
            r"no (?:function|case|cond|with) clause matching|no match of right hand side|key \S+ not found in",
            r"missing field|invalid type: .{1,60} expected|invalid_type|InvalidDigit|(?:expected|given) \d+\b.{0,30}\barguments?\b",
            r"invalid syntax|syntax error|operator does not exist|\b(?:variable|template) \S+ does not exist|\bE11000\b",
            r"Cannot return null for non-nullable|wrong wireType|unsupported (?:\w+ ){0,2}version",
            r"SQLSTATE\W{0,3}(?:22|23|42)\w{3}\b|Option::expect|unknown variant|trailing characters|char boundary|unexported field",
            r"\b(?:NotImplemented|ObjectDisposed|DbUpdate|PropertyValue|SpelEvaluation|ServiceNotFound)Exception\b|AbstractMethodError",
            r"\b(?:Cast|LocalJump|Arithmetic|BSONType|NoResults|InvalidRequest)Error\b|Invariant failed|\bbad argument\b",
            r"Attempt to read property|required field",
        )
    ),
    re.IGNORECASE,
)
_UNHANDLED = re.compile(
    r"unhandled (?:exception|promise|error)|UnhandledPromiseRejection|\bpanic:|\bpanicked at\b|Result::unwrap", re.IGNORECASE
)
"""What a framework, or a runtime, writes in front of whatever it was that nobody caught."""
_OF_CONNECTIONS = (
    r"\b(?:\w*connections?(?! (?:exception|error))|brokers?|sockets?|upstreams?|backends?)\b[^.;]{0,40}"
    r"\b(?:reset|closed|lost|down|failed|failure|aborted|shut ?down|terminated|disconnected)\b"
)
_OUTSIDE = re.compile(
    "|".join(
        (
            r"connection (?:to \S+ )?(?:was )?(?:refused|reset|timed out|closed by)|connect(?:ion)? (?:error|failed|timeout)",
            r"connection to (?:server|host|database|broker)\b.{0,80} failed",
            r"\b(?:TLS|SSL) (?:error|handshake)|handshake (?:failed|failure|error)|SSLHandshakeException|CertPathValidatorException",
            r"\bx509: |certificate verify failed|SSLCertVerificationError",
            r"\bECONN(?:REFUSED|RESET|ABORTED)|\bE(?:TIMEDOUT|HOSTUNREACH|NETUNREACH|PIPE)\b",
            r"no route to host|network is unreachable|broken pipe|dial tcp|i/o timeout|host (?:is )?(?:down|unreachable)",
            r"(?:could not|cannot|can't|failed to|unable to) (?:connect|reach|open a connection)",
            r"no (?:database )?connection(?! from the pool)",
            # What another service answered; "GET /orders 500" alone is a service's own access log.
            r"https?://\S+.{0,60}\b50\d\b|\b5\d\d Server Error\b|\[5\d\d\] during \[|HttpServerErrorException",
            r"Request failed with status code 5\d\d|the server responded with status 5\d\d|does not indicate success: 5\d\d",
            r"unexpected (?:HTTP )?status(?: code)?\W{0,3}5\d\d|google\.api_core\.exceptions\.(?:Internal|Service|Unknown|BadGateway)",
            r"(?:^|\s)(?:upstream|backend|provider|gateway|service|server)\s[^,;]{0,30}(?:returned|responded|answered|replied)\b.{0,30}\b5\d\d\b",
            r"An error occurred \(\w+\) when calling the \w+ operation|operation error \w+:.{0,80}\bapi error\b",
            r"\bSlowDown\b|reduce your request rate|flood[- ]stage|cluster_block_exception|EsRejectedExecution",
            r"leadership election|not (?:the (?:current )?leader|leader for)|NotLeader(?:OrFollower|ForPartition)|leader changed",
            r"not present in metadata",
            r"run out of available brokers",
            r"NoNodeAvailable|none of the configured nodes|not enough replicas|CONNECTION_FORCED|vault is sealed|service shutting down",
            r"(?:connection attempts?|connection to \S+) failed|our connection to|server disconnected|bad connection",
            r"unexpected EOF reading",
            r"RST_STREAM|reading from stream|network-related or instance-specific|is not currently available",
            r"circuit is (?:now )?open|BrokenCircuit",
            r"no live upstreams|prematurely closed connection|read[- ]only replica",
            r"\b50[234]\b|Service Unavailable|Bad Gateway|Gateway Time-?out|temporarily unavailable|\bUNAVAILABLE\b",
            r"upstream (?:connect|request|connection)|did not (?:answer|respond)|no response from|circuit breaker",
            r"not enough in-sync|no (?:cluster |elected )?leader|leader not available",
            r"too many (?:clients|connections)|remaining connection slots",
            r"read-?only (?:sql ?)?transaction|--(?:super-)?read-only|NotWritablePrimary|not (?:the )?(?:leader|master|primary)\b",
            r"server (?:has gone away|closed the connection)|lost connection to|terminating connection|socket hang up|Max retries exceeded",
            r"database (?:system )?is (?:starting up|shutting down|in recovery)|Communications link failure|ServerSelectionTimeout",
            r"NoBrokersAvailable|NoHostAvailable|no (?:available|reachable) (?:servers?|nodes?|hosts?|brokers?)\b",
            r"\bConnect(?:ion)?(?:Timeout|Reset|Refused|Aborted)?(?:Error|Exception)\b|AutoReconnect|RemoteDisconnected",
            r"\b\w*(?<!Jdbc)(?<!SQLTransient)(?:Connection|Transport|Socket|Network|Unreachable|NotAvailable|Disconnect(?:ed)?)(?:Error|Exception)\b",
            r"\bunreachable\b|not reachable|were reachable|\bno healthy \w+|upstream reset\b|reset reason|\bGOAWAY\b|fetch failed",
            r"connection (?:failure|termina)|(?:unexpectedly|other side) closed|closed unexpectedly|terminated unexpectedly",
            r"connect(?:ing)? to \S+ failed|failed connecting|(?:error|failure) communicating with|unable to execute HTTP request",
            r"\bno (?:\w+ ){0,2}(?:servers?|nodes?|hosts?|brokers?|shards?|replicas?|responders)\b(?: \w+){0,4} (?:available|in the pool)",
            r"no available connection|no living connection|no shard available|no hosts available|not discovered exception|coordinator is",
            r"retries per request|\bis OPEN and does not permit|SSL connection could not be established",
            r"\b529\b|\boverloaded\b|(?:server|service) ?(?:is )?busy|try again later|please retry the operation",
            r"(?:fetch|refresh|load|retriev)\w*.{0,20}\b(?:JWKS?|openid|discovery document)\b",
            r"\bTNS:|\bORA-0?(?:1033|1034|1089|3113|3114|3135|12\d{3})\b|Network Adapter could not",
            r"\bMQRC (?:HOST|Q MGR|CONNECTION|CHANNEL)",
            r"session expired.{0,20}zookeeper|zookeeper session expired|read-?only mode|restart transaction|transaction was aborted",
            r"SQLSTATE\W{0,3}(?:08\w{3}|53\w{3}|57P\d\d|25006|40001|40P01|55P03)\b",
            _OF_CONNECTIONS,
            r"(?:not|n't) (?:respond|answer)|failed to respond|(?:could not|cannot|can't|couldn't) (?:be )?(?:establish|connect)",
            r"connect exception|not active exception|networking ?error|premature close|incomplete message|\bSYSCALL\b|EOF occurred",
            r"disconnected (?:from|before)|Error \d+ connecting to|\bno servers\b|\banswered 50\d\b|delivery failed|hasn't been written",
            # Erlang's and Elixir's atoms
            r"(?:error, |reason: |Error\W{1,2}):(?:closed|timeout|nxdomain|e(?:conn|hostun|netun)\w+)\b",
            # as people write them in German, French, Spanish, Portuguese, Italian, Japanese and Chinese
            r"Verbindung\b.{0,40}\b(?:abgelehnt|verweigert|fehlgeschlagen|abgebrochen|getrennt|verloren|unterbrochen|zurückgesetzt)\b",
            r"\b(?:nicht (?:erreichbar|verfügbar)|unerreichbar|antwortet nicht)\b|keine \w*verbindung",
            r"konnte(?: sich)? nicht .{0,30}verb[iu]nd|\w*verbindung (?:\w+ ){0,3}nicht|Fehler beim Verbinden",
            r"ne répond pas|no responde|não responde|non risponde|応答しません|接続エラー",
            r"connexion\b.{0,40}\b(?:refusée|impossible|perdue|interrompue|échouée)|\binjoignable\b|\bindisponible\b",
            r"conexi[oó]n\b.{0,40}\b(?:rechazada|perdida|cerrada|fallida)|no se pudo conectar|inalcanzable|no (?:está )?disponible",
            r"conexão\b.{0,40}\b(?:recusada|perdida)|não foi possível conectar|indisponível",
            r"connessione\b.{0,40}\b(?:rifiutata|persa)|irraggiungibile|non disponibile",
            r"接続.{0,6}(?:拒否|失敗|切断|できません)|利用できません|応答がありません|连接.{0,3}(?:拒绝|失败|重置)|无法连接|服务不可用",
            r"(?:unexpected |: )EOF\b|I/O error (?:on|occurred)|while (?:reading from|writing to) (?:the )?(?:stream|socket)",
            r"error (?:occurred )?while sending|transport (?:connection|is closing)|connection (?:has been |is |was )?(?:closed|lost)\b",
            r"remote (?:end|host) closed|shards? failed",
            r"lock (?:wait )?timeout(?! (?:error|exception))|LockNotAvailable",
            r"could not obtain lock|deadlock (?:found|detected)|database (?:table )?is locked",
            r"(?-i:\b(?:LOADING|MISCONF|CLUSTERDOWN|MASTERDOWN|READONLY)\b)|BusyLoading|OOM command not allowed|max number of clients",
        )
    ),
    re.IGNORECASE,
)
_WAITING = re.compile(
    r"time[d ]?-?out\b|timed out|deadline|took too long|given up after|cancell?(?:ed|ing)\b|exceeded (?:its|the) (?:time|limit of time)"
    r"|did not (?:finish|complete) (?:in|within)|context canceled|unable to acquire JDBC connection|could not open JPA|execution expired"
    r"|Zeitüberschreitung|Zeitlimit|délai (?:d'attente )?(?:dépassé|expiré)|tiempo de espera|tempo limite|タイムアウト|超时"
    r"|(?<!pool )\bwithin (?:\d+|<\*>) ?(?:ms|s|sec|seconds?|milliseconds?|minutes?)\b",
    re.IGNORECASE,
)
_POOL = re.compile(r"\b\w*pool\b", re.IGNORECASE)
_A_PAGE = re.compile(
    r"unexpected (?:token|character):? ?\(?['\"`]?<(?!\*>)|invalid character '<'|<!DOCTYPE|<html\b|\btext/html\b"
    r"|Expecting value: line 1 column 1 \(char 0\)",
    re.IGNORECASE,
)
"""A program that is not its own answered, with a page or with nothing: a proxy, a login, a notice of maintenance."""
_ANOTHER = re.compile(
    r"redis|jedis|lettuce|memcache|mongo|mysql|mariadb|postgres|psycopg|\bpq:|oracle|kafka|rabbitmq|amqp|elastic|opensearch|cassandra|datastax"
    r"|dynamo|bigquery|\bs3\b|\bsqs\b|\bsns\b|\betcd\b|consul\b|vault\b|zookeeper|ldap|smtp",
    re.IGNORECASE,
)
"""Clients of what other processes do, by the names that they have in exceptions."""
_USED_UP = re.compile(
    r"too many open files|\bE[MN]FILE\b|unable to create (?:new )?native thread|can't start new thread|cannot allocate memory|\bENOMEM\b"
    r"|java heap space|GC overhead limit exceeded|OutOfMemoryError|JavaScript heap out of memory|Allocation failed|\bMemoryError\b"
    r"|\bbad_alloc\b|Allowed memory size of \S+ bytes exhausted",
    re.IGNORECASE,
)
_CLIENT = re.compile(
    "|".join(
        (
            r"\b4(?:00|01|03|04|05|09|13|15|22|29)\b|bad request|unauthori[sz]ed|forbidden|unprocessable|rejected request",
            r"client (?:has |prematurely )?(?:closed|disconnected|cancell?ed|aborted|gave up|went away)|\b499\b",
            r"downstream (?:has |connection )?(?:disconnected|closed|reset|hung up)|cancel+ed by (?:the )?(?:client|caller|user)",
            r"before (?:the |a )?response (?:was |is |could be )?(?:sent|written|complete)",
            r"malformed|invalid (?:request|body|json|payload|signature|input)|is not (?:valid )?JSON",
        )
    ),
    re.IGNORECASE,
)


_APART = re.compile(r"_|(?<=[a-z])(?=[A-Z])")
"""Where a name such as ``not_leader`` or ``BrokerTransportFailure`` falls into words."""


def nature(errors: Sequence[LogPattern]) -> Nature | None:
    """What most of the errors are; None where they are mixed, or say none of it.

    A stack trace in the service's files makes an error its own, unless it says what else failed: a client's exception has one as well.
    """
    total = sum(one.count for one in errors)
    own = sum(one.count for one in errors if _is_own(one))
    outside = sum(one.count for one in errors if _is_outside(one))
    if total and own >= _MOST * total:
        return Nature.OWN
    if total and outside >= _HALF * total and own <= _FEW * total:
        return Nature.OUTSIDE
    waiting = sum(one.count for one in errors if _says(one, _WAITING) and not _says(one, _OWN))
    if not waiting or outside + waiting < _MOST * total or own > _FEW * total:
        return None
    # Who waits for what fails tells of both.
    return Nature.OUTSIDE if outside >= _FEW * total else Nature.WAITING


def _is_own(error: LogPattern) -> bool:
    if _says(error, _A_PAGE):
        return False
    return _says(error, _OWN) or (_uncaught(error) and not _says(error, _OUTSIDE) and not _says(error, _WAITING))


def _is_outside(error: LogPattern) -> bool:
    """What waits for a connection of its own pool may have used it up itself."""
    if _says(error, _A_PAGE):
        return True
    return _says(error, _OUTSIDE) and not _says(error, _OWN) and not (_says(error, _POOL) and _says(error, _WAITING))


def names_another(errors: Sequence[LogPattern]) -> bool:
    """Whether most of the errors name the client of something else: who waits for that says what was slow."""
    named = sum(one.count for one in errors if _says(one, _ANOTHER))
    return bool(errors) and named >= _MOST * sum(one.count for one in errors)


def used_up(errors: Sequence[LogPattern]) -> LogPattern | None:
    """The error that tells that a process has no files, threads or memory left, where it is one of the main ones."""
    found = [one for one in errors if _says(one, _USED_UP)]
    return found[0] if found and sum(one.count for one in found) >= _FEW * sum(one.count for one in errors) else None


def _uncaught(error: LogPattern) -> bool:
    return bool(error.files) or _says(error, _UNHANDLED)


def _says(error: LogPattern, words: re.Pattern[str]) -> bool:
    """The template lacks what varies, and that may be a word that matters: the sample has it. Names of errors are read as words, too."""
    return any(words.search(text) or words.search(_APART.sub(" ", text)) for text in (error.template, error.sample))


def of_clients(patterns: Sequence[LogPattern]) -> LogPattern | None:
    """The warning that tells of requests that clients made wrong, if the logs tell of nothing worse; None where they do."""
    if any(one.level in ("FATAL", "ERROR") and one.count >= _REPEATED for one in patterns):
        return None
    warnings = [one for one in patterns if one.level == "WARN" and one.count >= _REPEATED]
    found = [one for one in warnings if _CLIENT.search(one.template)]
    if not found or sum(one.count for one in found) < _CLIENT_SHARE * sum(one.count for one in warnings):
        return None
    return max(found, key=lambda one: one.count)
