"""Kafka as a test uses it: topics of its own, records in, records out, what a group has committed."""

import contextlib
import json
import time
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import OFFSET_BEGINNING
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

from .wait import PATIENCE, until


class Topics:
    def __init__(self, bootstrap, replication=1):
        self._replication = replication
        self._client = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._admin = AdminClient(self._client)
        self._producer = self._new_producer()

    def create(self, name, partitions=1, **config):
        """Creates a topic and returns when every partition has its leader."""
        topic = NewTopic(name, num_partitions=partitions, replication_factor=self._replication, config=config)
        self._admin.create_topics([topic])[name].result(30)
        self._wait_for_partitions(name, partitions)
        return name

    def delete(self, name):
        self._admin.delete_topics([name])[name].result(30)
        until(lambda: name not in self.names(), f"the end of {name}")

    def configure(self, name, **config):
        """The topic's own settings are these from now on."""
        resource = ConfigResource("topic", name, set_config=config)
        self._admin.alter_configs([resource])[resource].result(30)

    def add_partitions(self, name, total):
        self._admin.create_partitions([NewPartitions(name, total)])[name].result(30)
        self._wait_for_partitions(name, total)
        self._producer = self._new_producer()  # one that knows of them

    def names(self):
        return set(self._admin.list_topics(timeout=10).topics)

    def partitions(self, name):
        """How many partitions with a leader; 0 for a topic that isn't there."""
        topic = self._admin.list_topics(timeout=10).topics.get(name)
        if topic is None or topic.error:
            return 0
        return sum(p.leader >= 0 for p in topic.partitions.values())

    def wait_in_sync(self, seconds=60):
        """Until every replica of every partition has what its leader has."""

        def behind():
            known = self._admin.list_topics(timeout=10).topics
            return [
                f"{name}-{p.id}"
                for name, topic in known.items()
                for p in topic.partitions.values()
                if len(p.isrs) < len(p.replicas)
            ]

        until(lambda: not behind(), lambda: f"replicas of {behind()[:10]}", seconds, every=0.1)

    def produce(self, topic, *values, key=None, keys=None, headers=None, partition=None, timestamp_ms=0):
        """Publishes values (bytes, text or None), with one key or `keys`, and returns their (partition,
        offset)s in order."""
        placed = [None] * len(values)

        def delivered(number):
            def report(error, message):
                placed[number] = error or (message.partition(), message.offset())

            return report

        options = {} if partition is None else {"partition": partition}
        for number, value in enumerate(values):
            while True:
                try:
                    self._producer.produce(
                        topic, value, key=keys[number] if keys else key, headers=headers, timestamp=timestamp_ms,
                        on_delivery=delivered(number), **options,
                    )
                    break
                except BufferError:
                    self._producer.poll(0.05)
            self._producer.poll(0)
        assert self._producer.flush(30 * PATIENCE) == 0, "Kafka took too long"
        failed = [p for p in placed if not isinstance(p, tuple)]
        assert not failed, failed[:3]
        return placed

    def number(self, topic, partitions, count, first=0):
        """Publishes {"n": first} to {"n": first + count - 1}, in turn to each partition."""
        for p in range(partitions):
            numbers = (n for n in range(first, first + count) if n % partitions == p)
            self.produce(topic, *(json.dumps({"n": n}) for n in numbers), partition=p)

    def read(self, topic, seconds=60):
        """Every record of the topic up to its present end; [] where there is no such topic."""
        count = self.partitions(topic)
        if count == 0:
            return []
        consumer = Consumer(
            {
                **self._client,
                "group.id": f"reader-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "enable.partition.eof": True,  # which is behind the marks of transactions, too
                "fetch.message.max.bytes": 8 << 20,
            }
        )
        try:
            ends = {}
            for p in range(count):
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=20)
                if high > low:
                    ends[p] = high
            consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in ends])
            return self._read_to(consumer, ends, seconds)
        finally:
            consumer.close()

    def wait(self, topic, count, seconds=20):
        """The topic's records once there are at least `count`."""
        until(
            lambda: self.count(topic) >= count,
            lambda: f"{count} records in {topic}, there are {self.count(topic)}",
            seconds,
            every=0.1,
        )
        return self.read(topic)

    def count(self, topic):
        return sum(self.ends(topic).values())

    def ends(self, topic):
        """{partition: the offset after its last record}"""
        consumer = Consumer({**self._client, "group.id": "ends"})
        try:
            return {
                p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=20)[1]
                for p in range(self.partitions(topic))
            }
        finally:
            consumer.close()

    def members(self, group):
        """How many members the group has."""
        return sum(len(g.members) for g in self._admin.list_groups(group, timeout=10))

    @contextlib.contextmanager
    def barred(self, group, topic):
        """Somebody is in the group, and reads the topic, whose way to share partitions is not ours: Kafka
        lets nobody else in."""
        stranger = Consumer({**self._client, "group.id": group, "partition.assignment.strategy": "range"})
        try:
            stranger.subscribe([topic])
            until(lambda: stranger.poll(0.1) or stranger.assignment(), "the stranger's partitions", 30)
            yield
        finally:
            stranger.close()

    def coordinator(self, group):
        """The number of the broker that has the group."""
        [found] = self._admin.list_groups(group, timeout=10)
        return found.broker.id

    def committed(self, group, topic):
        """{partition: committed offset}, without those that have none."""
        consumer = Consumer({**self._client, "group.id": group})
        try:
            asked = [TopicPartition(topic, p) for p in range(self.partitions(topic))]
            return {t.partition: t.offset for t in consumer.committed(asked, timeout=20) if t.offset >= 0}
        finally:
            consumer.close()

    def commit(self, group, topic, offset, partition=0):
        """As the group, which nobody may be in."""
        consumer = Consumer({**self._client, "group.id": group})
        try:
            consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
        finally:
            consumer.close()

    def wait_committed(self, group, topic, seconds=20):
        """Until the group has committed the end of every partition that has records."""

        def ends():
            return {p: end for p, end in self.ends(topic).items() if end}

        def there():
            committed = self.committed(group, topic)
            return all(committed.get(p) == end for p, end in ends().items())

        until(
            there,
            lambda: f"commits at {ends()}, they are at {self.committed(group, topic)}",
            seconds,
            every=0.1,
        )

    def _new_producer(self):
        return Producer({**self._client, "linger.ms": 2, "message.max.bytes": 8 << 20, "enable.idempotence": True})

    def _wait_for_partitions(self, name, count):
        until(lambda: self.partitions(name) == count, f"leaders of {name}")

    @staticmethod
    def _read_to(consumer, ends, seconds):
        records, left = [], dict(ends)
        deadline = time.monotonic() + seconds * PATIENCE
        while left:
            if time.monotonic() > deadline:
                raise AssertionError(f"reading took over {seconds} s, missing up to {left}")
            for message in consumer.consume(1000, timeout=0.2):
                if message.error() and message.error().code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(message.error())
                ended = message.error() is not None
                if not ended:
                    records.append(message)
                if message.offset() + (not ended) >= left.get(message.partition(), 0):
                    left.pop(message.partition(), None)
        records.sort(key=lambda m: (m.partition(), m.offset()))
        return records
