import GRDB

/// The tables of the history. A migration is named and never edited; a change is a new one.
enum Schema {
    /// Marks the file as ours (`b2wh`), so that another program's database is never written to.
    static let applicationID = 0x6232_7768

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 deliveries and events") { db in
            try db.execute(sql: deliveriesAndEvents)
        }
        migrator.registerMigration("2 outcomes") { db in
            try db.execute(sql: outcomes)
        }
        // It only adds tables: the references of what is there need not be checked, a million rows of them.
        migrator.registerMigration("3 outbox", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.tables)
        }
        migrator.registerMigration("4 spending", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.spending)
        }
        migrator.registerMigration("5 holds", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.holds)
        }
        // Nothing refers to the tables that it makes anew.
        migrator.registerMigration("6 verdicts by secret", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: SecretTable.migration)
        }
        migrator.registerMigration("7 reasons of holds", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.reasonsOfHolds)
        }
        migrator.registerMigration("8 notes of failures", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.notes)
        }
        migrator.registerMigration("9 keys of events", foreignKeyChecks: .immediate) { db in
            EventKeys.install(on: db)
            try db.execute(sql: EventKeys.migration)
        }
        return migrator
    }

    // What we made of a delivery, in rows of a few bytes beside the wide ones of what was received: a million of them are
    // read in a moment, and judged again without rewriting a gigabyte. `rows` repeats the delivery's `rowCount` for the
    // tally. `answerTime` is in microseconds, and NULL as long as it is not written.
    //
    // `toJudge` holds ranges of deliveries, apart from each other: outside of them every current secret was tried on what
    // is not valid.
    private static let outcomes = """
        CREATE TABLE outcome (
            delivery INTEGER PRIMARY KEY,
            receivedAt INTEGER NOT NULL,
            verdict INTEGER NOT NULL,
            secret TEXT,
            generation INTEGER,
            status INTEGER NOT NULL,
            answerTime INTEGER,
            rows INTEGER NOT NULL DEFAULT 1
        );
        INSERT INTO outcome SELECT id, receivedAt, verdict, secret, generation, status, NULL, rowCount
            FROM delivery ORDER BY id;

        CREATE TABLE toJudge (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
        INSERT INTO toJudge SELECT min(id), max(id) FROM delivery
            WHERE generation < (SELECT generation FROM keyring) HAVING count(*) > 0;

        DROP INDEX deliveryByGeneration;
        ALTER TABLE delivery DROP COLUMN verdict;
        ALTER TABLE delivery DROP COLUMN secret;
        ALTER TABLE delivery DROP COLUMN generation;
        ALTER TABLE delivery DROP COLUMN status;

        DROP INDEX eventByEventId;
        ALTER TABLE event DROP COLUMN trust;
        CREATE INDEX eventByEventId ON event(eventId) WHERE eventId IS NOT NULL;
        """

    // `delivery.generation` says which keyring judged it, and is NULL for what is never judged. `event.trust` repeats
    // the trust of the delivery's verdict, so that one index tells whether an event was seen before. The rows of a
    // delivery have `rowCount` consecutive ids from `firstRow`.
    private static let deliveriesAndEvents = """
        PRAGMA application_id = \(applicationID);

        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            receivedAt INTEGER NOT NULL,
            remoteAddress TEXT NOT NULL,
            method TEXT NOT NULL,
            target NOT NULL,
            httpVersion TEXT NOT NULL,
            headers TEXT NOT NULL,
            body BLOB NOT NULL,
            bodyLength INTEGER NOT NULL,
            verdict INTEGER NOT NULL,
            secret TEXT,
            generation INTEGER,
            status INTEGER NOT NULL,
            answer TEXT NOT NULL,
            eventCount INTEGER NOT NULL,
            firstRow INTEGER NOT NULL,
            rowCount INTEGER NOT NULL
        );
        CREATE INDEX deliveryByGeneration ON delivery(generation) WHERE generation IS NOT NULL;

        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            delivery INTEGER NOT NULL REFERENCES delivery(id),
            position INTEGER,
            trust INTEGER NOT NULL,
            eventId,
            eventTimestamp,
            eventType,
            objectName,
            objectSize,
            objectVersionId,
            bucketName,
            matchedRuleName
        );
        CREATE INDEX eventByEventId ON event(eventId, trust) WHERE eventId IS NOT NULL;

        CREATE TABLE tally (
            verdict INTEGER NOT NULL,
            secret TEXT NOT NULL,
            deliveries INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            PRIMARY KEY (verdict, secret)
        ) WITHOUT ROWID;

        CREATE TABLE keyring (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            generation INTEGER NOT NULL,
            identity TEXT NOT NULL
        );

        CREATE TABLE selfTest (one INTEGER PRIMARY KEY CHECK (one = 1), secret TEXT NOT NULL);
        INSERT INTO selfTest VALUES (1, lower(hex(randomblob(16))));

        CREATE TABLE probe (one INTEGER PRIMARY KEY CHECK (one = 1), filler BLOB NOT NULL);
        INSERT INTO probe VALUES (1, randomblob(16384));
        """
}
