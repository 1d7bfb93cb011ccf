-- The flow archive in ClickHouse: flows with their verdicts, sums of five minutes, and owners of addresses.
-- Every statement may be run again. {keep_days} is [flows] keep_days.

CREATE TABLE IF NOT EXISTS flows (
    received DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    first DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    last DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    plane LowCardinality(String),
    exporter LowCardinality(String),
    verdict LowCardinality(String),
    exit LowCardinality(String),
    organization LowCardinality(String),
    peer LowCardinality(String),
    src IPv6 CODEC(ZSTD(1)),
    dst IPv6 CODEC(ZSTD(1)),
    sport UInt16 CODEC(ZSTD(1)),
    dport UInt16 CODEC(ZSTD(1)),
    proto UInt8,
    tcp_flags UInt16,
    packets UInt64 CODEC(T64, ZSTD(1)),
    bytes UInt64 CODEC(T64, ZSTD(1)),
    sampling_interval UInt32,
    in_if UInt32,
    out_if UInt32,
    src_mac UInt64 CODEC(ZSTD(1)),
    dst_mac UInt64 CODEC(ZSTD(1)),
    judgement UInt32
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received)
ORDER BY (plane, verdict, organization, peer, received)
TTL toDateTime(received) + INTERVAL {keep_days} DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS flow_sums (
    bucket DateTime('UTC'),
    plane LowCardinality(String),
    organization LowCardinality(String),
    exit LowCardinality(String),
    verdict LowCardinality(String),
    peer LowCardinality(String),
    flows AggregateFunction(count),
    packets AggregateFunction(sum, UInt64),
    bytes AggregateFunction(sum, UInt64),
    estimated AggregateFunction(countIf, UInt8),
    sources AggregateFunction(uniq, IPv6)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (plane, verdict, organization, exit, peer, bucket)
TTL bucket + INTERVAL 5 YEAR;

CREATE MATERIALIZED VIEW IF NOT EXISTS flow_sums_fed TO flow_sums AS
SELECT
    toStartOfInterval(toDateTime(received, 'UTC'), INTERVAL 5 MINUTE) AS bucket,
    plane, organization, exit, verdict, peer,
    countState() AS flows,
    sumState(packets * greatest(sampling_interval, 1)) AS packets,
    sumState(bytes * greatest(sampling_interval, 1)) AS bytes,
    countIfState(sampling_interval > 1) AS estimated,
    uniqState(src) AS sources
FROM flows
GROUP BY bucket, plane, organization, exit, verdict, peer;

CREATE TABLE IF NOT EXISTS flow_owners (
    plane LowCardinality(String),
    judgement UInt32,
    prefix String,
    space LowCardinality(String),
    organization String
)
ENGINE = MergeTree
ORDER BY (plane, judgement, prefix);

CREATE DICTIONARY IF NOT EXISTS owner_in_extranet (prefix String, space String, organization String)
PRIMARY KEY prefix
SOURCE(CLICKHOUSE(QUERY 'SELECT prefix, space, organization FROM {database}.flow_owners WHERE plane = ''extranet'' AND judgement = (SELECT max(judgement) FROM {database}.flow_owners WHERE plane = ''extranet'')'))
LAYOUT(IP_TRIE)
LIFETIME(MIN 30 MAX 60);

CREATE DICTIONARY IF NOT EXISTS owner_in_intranet (prefix String, space String, organization String)
PRIMARY KEY prefix
SOURCE(CLICKHOUSE(QUERY 'SELECT prefix, space, organization FROM {database}.flow_owners WHERE plane = ''intranet'' AND judgement = (SELECT max(judgement) FROM {database}.flow_owners WHERE plane = ''intranet'')'))
LAYOUT(IP_TRIE)
LIFETIME(MIN 30 MAX 60);
