import Base
import History
import Notifications
import Postgres

/// The deliveries of one transaction, as parameters of a statement.
struct DeliveryBatch {
    /// Takes ids for all of them, writes them with their events, and announces that. The first columns are the ids that the
    /// first delivery and its first event have.
    static let statement = PostgresStatement(
        """
        WITH taken AS (
            UPDATE b2watch.counter SET next_delivery = next_delivery + $1, next_event = next_event + $2
            RETURNING next_delivery - $1 AS delivery, next_event - $2 AS event
        ), deliveries AS (
            INSERT INTO b2watch.delivery (id, node, sequence, received_at, remote_address, method, target, http_version,
                headers, body, body_length, verdict, secret, judged_at, status, answer, events, first_event, rows)
            SELECT taken.delivery + n - 1, $3, sequence, received_at, remote_address, method, target, http_version,
                headers, body, body_length, verdict, secret,
                CASE WHEN verdict = 'unjudged' THEN NULL ELSE received_at END, status, answer, events,
                taken.event + first_event, rows
            FROM taken, unnest($4::bigint[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::bytea[], $12::bigint[], $13::text[], $14::bigint[], $15::integer[], $16::text[],
                $17::integer[], $18::bigint[], $19::integer[]) WITH ORDINALITY
                AS new (sequence, received_at, remote_address, method, target, http_version, headers, body,
                    body_length, verdict, secret, status, answer, events, first_event, rows, n)
        ), events AS (
            INSERT INTO b2watch.event
            SELECT taken.event + n - 1, taken.delivery + delivery_offset, position, event_id, event_timestamp,
                event_type, object_name, object_size, object_version_id, bucket_name, matched_rule_name
            FROM taken, unnest($20::bigint[], $21::integer[], $22::text[], $23::timestamptz[], $24::text[],
                $25::text[], $26::bigint[], $27::text[], $28::text[], $29::text[]) WITH ORDINALITY
                AS new (delivery_offset, position, event_id, event_timestamp, event_type, object_name, object_size,
                    object_version_id, bucket_name, matched_rule_name, n)
        )
        SELECT delivery, event, pg_notify('b2watch', '') FROM taken
        """)

    private var sequences = PostgresArray<Int64>()
    private var times = PostgresArray<PostgresTime>()
    private var addresses = PostgresArray<String>()
    private var methods = PostgresArray<String>()
    private var targets = PostgresArray<String>()
    private var versions = PostgresArray<String>()
    private var headers = PostgresArray<String>()
    private var bodies = PostgresArray<[UInt8]>()
    private var lengths = PostgresArray<Int64>()
    private var verdicts = PostgresArray<String>()
    private var secrets = PostgresArray<Int64>()
    private var statuses = PostgresArray<Int32>()
    private var answers = PostgresArray<String>()
    private var counts = PostgresArray<Int32>()
    private var firstEvents = PostgresArray<Int64>()
    private var rowCounts = PostgresArray<Int32>()

    private var eventDeliveries = PostgresArray<Int64>()
    private var positions = PostgresArray<Int32>()
    private var eventIDs = PostgresArray<String>()
    private var eventTimes = PostgresArray<PostgresTime>()
    private var types = PostgresArray<String>()
    private var names = PostgresArray<String>()
    private var sizes = PostgresArray<Int64>()
    private var versionIDs = PostgresArray<String>()
    private var buckets = PostgresArray<String>()
    private var rules = PostgresArray<String>()

    /// Adds a delivery.
    ///
    /// - Parameter secret: The number of the secret that its verdict names.
    mutating func append(_ judged: JudgedDelivery, sequence: Int64, secret: Int64?) {
        let it = judged.delivery
        let delivery = Int64(sequences.count)
        sequences.append(sequence)
        times.append(PostgresTime(it.receivedAt))
        addresses.append(Self.text(it.remoteAddress))
        methods.append(Self.text(it.method))
        targets.append(Self.text(it.target))
        versions.append(Self.text(it.httpVersion))
        headers.append(bytes: HeaderField.jsonBytes(it.headers))
        bodies.append(bytes: it.body)
        lengths.append(Int64(it.bodyLength))
        verdicts.append(judged.judgement.verdict.word)
        secrets.append(secret)
        statuses.append(Int32(judged.answer.status))
        answers.append(judged.answer.text)
        counts.append(Int32(clamping: judged.eventCount))
        firstEvents.append(Int64(positions.count))
        rowCounts.append(Int32(judged.rowCount))
        if judged.events.isEmpty { append(NotificationEvent(), at: nil, of: delivery) }
        for (position, event) in judged.events.enumerated() { append(event, at: Int32(position), of: delivery) }
    }

    private mutating func append(_ event: NotificationEvent, at position: Int32?, of delivery: Int64) {
        eventDeliveries.append(delivery)
        positions.append(position)
        eventIDs.append(Self.text(event.eventId))
        eventTimes.append(event.eventTimestamp.integer.flatMap(Self.time))
        types.append(Self.text(event.eventType))
        names.append(Self.text(event.objectName))
        sizes.append(event.objectSize.integer)
        versionIDs.append(Self.text(event.objectVersionId))
        buckets.append(Self.text(event.bucketName))
        rules.append(Self.text(event.matchedRuleName))
    }

    /// Returns the parameters of the statement.
    func parameters(node: Int64) -> [PostgresValue] {
        [
            PostgresValue(Int64(sequences.count)), PostgresValue(Int64(positions.count)), PostgresValue(node),
            PostgresValue(sequences), PostgresValue(times), PostgresValue(addresses), PostgresValue(methods),
            PostgresValue(targets), PostgresValue(versions), PostgresValue(headers), PostgresValue(bodies),
            PostgresValue(lengths), PostgresValue(verdicts), PostgresValue(secrets), PostgresValue(statuses),
            PostgresValue(answers), PostgresValue(counts), PostgresValue(firstEvents), PostgresValue(rowCounts),
            PostgresValue(eventDeliveries), PostgresValue(positions), PostgresValue(eventIDs),
            PostgresValue(eventTimes), PostgresValue(types), PostgresValue(names), PostgresValue(sizes),
            PostgresValue(versionIDs), PostgresValue(buckets), PostgresValue(rules),
        ]
    }

    /// Returns a text that PostgreSQL can store: its texts have no NUL.
    static func text(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
    }

    /// Returns the text of a field; nil for a field of another type, and for one that PostgreSQL cannot store. The body has
    /// it.
    private static func text(_ field: FieldValue) -> String? {
        guard let string = field.string, !string.utf8.contains(0) else { return nil }
        return string
    }

    /// The last millisecond of the year 9999.
    private static let lastTime: Int64 = 253_402_300_799_999

    /// Returns a time in milliseconds; nil if it is before 1970 or after 9999.
    private static func time(_ milliseconds: Int64) -> PostgresTime? {
        (0...lastTime).contains(milliseconds) ? PostgresTime(microseconds: milliseconds * 1_000) : nil
    }
}

extension PostgresTime {
    init(_ time: Timestamp) { self.init(microseconds: time.milliseconds * 1_000) }

    /// The time in whole milliseconds.
    var timestamp: Timestamp {
        Timestamp(milliseconds: microseconds >= 0 ? microseconds / 1_000 : (microseconds - 999) / 1_000)
    }
}

// MARK: - Reading

/// Reads deliveries and verdicts of the shared history.
enum SharedRows {
    /// The deliveries behind one, up to another, in the order of their ids.
    static let deliveries = PostgresStatement(
        """
        SELECT id, first_event, node, sequence, received_at, remote_address, method, target, http_version, headers, body,
            body_length, verdict, secret, judged_at, status, answer, events, rows, revision IS NOT NULL
        FROM b2watch.delivery WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3
        """)

    /// The verdicts that have changed behind a revision and a delivery, up to another revision.
    static let verdicts = PostgresStatement(
        """
        SELECT revision, id, verdict, secret, judged_at FROM b2watch.delivery
        WHERE revision IS NOT NULL AND (revision, id) > ($1, $2) AND revision <= $3 ORDER BY revision, id LIMIT $4
        """)

    /// Replaces the verdict of deliveries that have another one, under a new revision. The rows are locked before the
    /// counter, which all listeners wait for.
    static let replaceVerdicts = PostgresStatement(
        """
        WITH found AS (
            SELECT id FROM b2watch.delivery
            WHERE id BETWEEN $1 AND $2 AND verdict = $3 AND secret IS NOT DISTINCT FROM $4 ORDER BY id FOR UPDATE
        ), taken AS (
            UPDATE b2watch.counter SET next_revision = next_revision + 1 WHERE (SELECT count(*) FROM found) > 0
            RETURNING next_revision - 1 AS revision
        ), changed AS (
            UPDATE b2watch.delivery SET verdict = $5, secret = $6, judged_at = $7, revision = taken.revision
            FROM taken WHERE id IN (SELECT id FROM found) RETURNING id
        )
        SELECT (SELECT count(*) FROM changed), (SELECT pg_notify('b2watch', 'verdicts') FROM taken)
        """)

    /// How far the shared history is.
    struct Newest {
        /// The newest delivery, the last change of recorded ones, and the newest secret; 0 without one.
        var delivery: Int64 = 0
        var revision: Int64 = 0
        var secret: Int64 = 0
    }

    private static let newest = PostgresStatement(
        """
        SELECT next_delivery - 1, next_revision - 1, (SELECT coalesce(max(id), 0) FROM b2watch.secret)
        FROM b2watch.counter
        """)

    /// Returns how far the shared history is.
    static func newest(
        _ connection: PostgresConnection, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Newest {
        guard let row = try connection.run(newest, by: deadline).first else { return Newest() }
        return Newest(delivery: try row.value(0), revision: try row.value(1), secret: try row.value(2))
    }

    private static let verdictsByWord = Dictionary(
        SignatureVerdict.allCases.map { ($0.word, $0) }, uniquingKeysWith: { one, _ in one })

    /// Returns a verdict by its word. One that a later version has added is unknown: nothing is claimed of it.
    static func verdict(_ word: String) -> SignatureVerdict { verdictsByWord[word] ?? .unjudged }

    /// Reads a row of `deliveries`.
    ///
    /// - Parameters:
    ///   - node: The number of this process.
    ///   - secrets: The secrets by their numbers.
    static func delivery(
        _ row: PostgresRow, node own: Int64, _ secrets: [Int64: SecretIdentity]
    ) throws -> CopiedDelivery {
        let headers = try row.withBytes(9) { bytes in
            try HeaderField.fields(fromJSON: bytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
        }
        let body = row.withBytes(10) { $0.map(Array.init) ?? [] }
        let verdict = verdict(try row.value(12))
        let secret = try row.optional(13, as: Int64.self).flatMap { secrets[$0] }
        let rows = Int(try row.value(18, as: Int32.self))
        let eventCount = Int(try row.value(17, as: Int32.self))
        let node = try row.value(2, as: Int64.self)
        let receivedAt = try row.value(4, as: PostgresTime.self).timestamp
        let isTried = node == own || ![.unverified, .invalid].contains(verdict)
        let judged = JudgedDelivery(
            delivery: Delivery(
                receivedAt: receivedAt, remoteAddress: try row.value(5), method: try row.value(6),
                target: try row.value(7), httpVersion: try row.value(8), headers: headers, body: body,
                bodyLength: Int(try row.value(11, as: Int64.self))),
            judgement: Judgement(verdict, secret: secret),
            answer: try Answer(text: row.value(16)) ?? Answer(status: Int(row.value(15, as: Int32.self))) ?? .accepted,
            events: events(of: body, count: eventCount, rows: rows), eventCount: eventCount,
            // Another process may lack a secret that this one has.
            generation: isTried ? nil : 0)
        let isChanged = try row.value(19, as: Bool.self)
        return CopiedDelivery(
            id: try row.value(0), firstRow: try row.value(1), node: node, sequence: try row.value(3), judged: judged,
            judgedAt: isChanged ? try row.optional(14, as: PostgresTime.self)?.timestamp : nil)
    }

    /// Returns the events of a body, as many as there are rows: another version of b2watch may read more or fewer.
    private static func events(of body: [UInt8], count: Int, rows: Int) -> [NotificationEvent] {
        guard count > 0 else { return [] }
        let events = Payload(scanning: body).events
        if events.count >= rows { return Array(events.prefix(rows)) }
        return events + Array(repeating: NotificationEvent(), count: rows - events.count)
    }

    /// Reads a row of `verdicts`.
    ///
    /// - Returns: The verdict, and its revision.
    static func verdict(
        _ row: PostgresRow, _ secrets: [Int64: SecretIdentity]
    ) throws(PostgresError) -> (CopiedVerdict, revision: Int64) {
        let secret = try row.optional(3, as: Int64.self).flatMap { secrets[$0] }
        let verdict = CopiedVerdict(
            delivery: try row.value(1), judgement: Judgement(verdict(try row.value(2)), secret: secret),
            judgedAt: try row.optional(4, as: PostgresTime.self)?.timestamp)
        return (verdict, try row.value(0))
    }
}

// MARK: - Secrets

/// The secrets that the shared history knows by their fingerprints, and the numbers that its rows name them by.
struct SharedSecrets {
    private static let changed = PostgresStatement(
        "SELECT id, leaked_at FROM b2watch.secret WHERE revision > $1 AND revision <= $2 ORDER BY revision")
    private static let mark = PostgresStatement(
        """
        WITH taken AS (
            UPDATE b2watch.counter SET next_revision = next_revision + 1 RETURNING next_revision - 1 AS revision
        ), changed AS (
            INSERT INTO b2watch.secret (label, binding, fingerprint, leaked_at, revision)
            SELECT $1, $2, $3, $4, revision FROM taken
            ON CONFLICT (fingerprint, binding) DO UPDATE SET leaked_at = excluded.leaked_at, revision = excluded.revision
            RETURNING id
        )
        SELECT id, pg_notify('b2watch', 'secrets') FROM changed
        """)
    private static let all = PostgresStatement("SELECT id, label, binding, fingerprint FROM b2watch.secret")
    private static let find = PostgresStatement(
        "SELECT id FROM b2watch.secret WHERE fingerprint = $1 AND binding = $2")
    private static let add = PostgresStatement(
        """
        INSERT INTO b2watch.secret (label, binding, fingerprint) VALUES ($1, $2, $3)
        ON CONFLICT (fingerprint, binding) DO UPDATE SET label = excluded.label RETURNING id
        """)

    private(set) var byNumber: [Int64: SecretIdentity] = [:]
    /// The newest secret that was read.
    var latest: Int64 { byNumber.keys.max() ?? 0 }
    private var numbers: [SecretIdentity: Int64] = [:]

    /// Reads all secrets.
    mutating func read(_ connection: PostgresConnection, by deadline: ContinuousClock.Instant) throws(PostgresError) {
        byNumber = [:]
        for row in try connection.run(Self.all, by: deadline).rows {
            let bytes = row.withBytes(3) { $0.map(Array.init) ?? [] }
            byNumber[try row.value(0)] = SecretIdentity(
                label: try row.value(1), fingerprint: SecretFingerprint(bytes),
                binding: SecretBinding(try row.value(2)) ?? .any)
        }
    }

    /// Returns the secrets that were marked as leaked, or are no longer, behind a revision and up to another.
    mutating func leaks(
        after revision: Int64, through last: Int64, _ connection: PostgresConnection,
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> [(secret: SecretIdentity, at: Timestamp?)] {
        let rows = try connection.run(Self.changed, [PostgresValue(revision), PostgresValue(last)], by: deadline)
        guard !rows.isEmpty else { return [] }
        try read(connection, by: deadline)
        var leaks: [(secret: SecretIdentity, at: Timestamp?)] = []
        for row in rows.rows {
            guard let secret = byNumber[try row.value(0)] else { continue }
            leaks.append((secret, try row.optional(1, as: PostgresTime.self)?.timestamp))
        }
        return leaks
    }

    /// Marks a secret as leaked, or takes the mark from it: nil.
    static func mark(
        _ secret: SecretIdentity, leakedAt time: Timestamp?, _ connection: PostgresConnection,
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) {
        guard let fingerprint = secret.fingerprint else { return }
        _ = try connection.run(
            mark,
            [
                PostgresValue(DeliveryBatch.text(secret.label)),
                PostgresValue(DeliveryBatch.text(secret.binding.description)), PostgresValue(fingerprint.bytes),
                PostgresValue(time.map { PostgresTime($0) }),
            ], by: deadline)
    }

    /// Returns the number of a secret, which a new one gets now; nil for a secret without a fingerprint.
    mutating func number(
        of secret: SecretIdentity, _ connection: PostgresConnection, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Int64? {
        if let number = numbers[secret] { return number }
        guard let fingerprint = secret.fingerprint else { return nil }
        let binding = PostgresValue(DeliveryBatch.text(secret.binding.description))
        let key = PostgresValue(fingerprint.bytes)
        var row = try connection.run(Self.find, [key, binding], by: deadline).first
        if row == nil {
            let label = PostgresValue(DeliveryBatch.text(secret.label))
            row = try connection.run(Self.add, [label, binding, key], by: deadline).first
        }
        let number = try row?.value(0, as: Int64.self)
        numbers[secret] = number
        return number
    }
}
