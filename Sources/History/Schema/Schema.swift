import Foundation
import GRDB
import Notifications

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
        // It only adds tables: existing references, a million rows of them, need not be checked.
        migrator.registerMigration("3 outbox", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.tables)
        }
        migrator.registerMigration("4 spending", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.spending)
        }
        migrator.registerMigration("5 holds", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: OutboxSchema.holds)
        }
        // No foreign key refers to the tables that it creates again.
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
        migrator.registerMigration("10 bounds", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: BoundsSchema.migration)
        }
        migrator.registerMigration("11 removed deliveries", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: BoundsSchema.removed)
        }
        migrator.registerMigration("12 ids without a sequence", foreignKeyChecks: .immediate) { db in
            let version = try Int.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
            try db.execute(sql: idsWithoutSequence(schemaVersion: version))
        }
        migrator.registerMigration("13 floods", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: FloodTable.migration)
        }
        migrator.registerMigration("14 copies", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: CopySchema.migration)
        }
        return migrator
    }

    // With AUTOINCREMENT each transaction writes one page more, that of `sqlite_sequence`. The newest delivery is never
    // removed, so the ids that follow it were never used. `lastDelivery` and `lastRow` are the ids at the last checkpoint,
    // which a recovery may not find.
    //
    // Source for changing the text of a table: sqlite.org/lang_altertable.html, section 7.
    private static func idsWithoutSequence(schemaVersion: Int) -> String {
        """
        ALTER TABLE retention ADD COLUMN lastDelivery INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE retention ADD COLUMN lastRow INTEGER NOT NULL DEFAULT 0;
        UPDATE retention SET
            lastDelivery = ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'delivery'), 0),
            lastRow = ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0);

        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, ' AUTOINCREMENT', '') WHERE name IN ('delivery', 'event');
        PRAGMA schema_version = \(schemaVersion + 1);
        PRAGMA writable_schema = RESET;
        DELETE FROM sqlite_sequence WHERE name IN ('delivery', 'event');
        """
    }

    /// Notes the last ids, for a recovery that does not find their rows.
    static let noteLastIDs = """
        UPDATE retention SET
            lastDelivery = max(lastDelivery, ifnull((SELECT max(id) FROM delivery), 0)),
            lastRow = max(lastRow, ifnull((SELECT max(id) FROM event), 0))
        """

    // Verdicts and answers, in rows of a few bytes, apart from the wide rows of received data: a million of them are
    // read in a moment, and verified again without rewriting a gigabyte. `rows` repeats the delivery's `rowCount` for
    // the tally. `answerTime` is in microseconds, and NULL until it is written.
    //
    // `toJudge` has ranges of deliveries that do not touch each other: outside of them every current secret was tried
    // on all deliveries that are not valid.
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

    // `delivery.generation` is the generation of the keyring that verified it, and NULL for requests that are never
    // verified. `event.trust` repeats the trust of the delivery's verdict, so that one index shows whether an event was
    // seen before. The rows of a delivery have `rowCount` consecutive ids from `firstRow`.
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

// MARK: - Bounds

/// The tables and columns for the bounds of the history.
///
/// `outcome.share` is a `Share`, and `outcome.size` the bytes that a delivery counts as; both are NULL for deliveries of
/// an older version, which no bound removes unless a person sets one. `tally` counts what was received; its other
/// columns count what is still there, and what was removed. `retention` has the places up to which each kind of request
/// was looked through for those to remove.
///
/// `tombstone` has a row for each removed event that is to be remembered: the number of its row in the event list, by
/// which `eventKey` leads to it, the first bytes of the SHA-256 of its id, the trust of its verdict, 64 bits of the
/// SHA-256 of the id that a reconciled event of its version has, and the actions that have run for it, such as `,1,4,`.
enum BoundsSchema {
    static let migration = """
        ALTER TABLE outcome ADD COLUMN share INTEGER;
        ALTER TABLE outcome ADD COLUMN size INTEGER;

        ALTER TABLE tally ADD COLUMN notifications INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tally ADD COLUMN notificationBytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tally ADD COLUMN others INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tally ADD COLUMN otherBytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tally ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tally ADD COLUMN removedRows INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE retention (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            others INTEGER NOT NULL DEFAULT 0,
            notifications INTEGER NOT NULL DEFAULT 0,
            valid INTEGER NOT NULL DEFAULT 0,
            tombstones INTEGER NOT NULL DEFAULT 0
        );
        INSERT INTO retention (one) VALUES (1);

        CREATE TABLE tombstone (
            row INTEGER PRIMARY KEY,
            event BLOB NOT NULL,
            trust INTEGER NOT NULL,
            version INTEGER,
            actions TEXT
        );

        CREATE TRIGGER entryIsRemoved AFTER DELETE ON entry BEGIN
            UPDATE entryCount SET count = count - 1 WHERE action = old.action AND state = old.state;
        END;
        """
}

extension BoundsSchema {
    /// The number of all removed deliveries, so that a recovery does not take them for lost.
    static let removed = "ALTER TABLE retention ADD COLUMN removed INTEGER NOT NULL DEFAULT 0"
}

// MARK: - Outbox

/// The tables of the outbox.
///
/// `entry.identity` identifies events. `entry.since` is the start of the time limit for attempts: the first attempt
/// since the entry was made, a person retried it, or its action was on hold. The entries of a batch share one exchange.
/// Triggers update `entryCount`, because counting a million entries would take most of a second.
enum OutboxSchema {
    static let tables = """
        CREATE TABLE action (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            summary TEXT NOT NULL,
            isPaused INTEGER NOT NULL DEFAULT 0,
            isDeclared INTEGER NOT NULL DEFAULT 1,
            start INTEGER NOT NULL,
            cursor INTEGER NOT NULL
        );

        CREATE TABLE exchange (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            startedAt INTEGER NOT NULL,
            duration INTEGER NOT NULL,
            request BLOB NOT NULL,
            outcome TEXT NOT NULL,
            answer BLOB NOT NULL,
            isCut INTEGER NOT NULL
        );

        CREATE TABLE entry (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            action INTEGER NOT NULL REFERENCES action(id),
            identity TEXT NOT NULL,
            row INTEGER NOT NULL,
            state INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            due INTEGER,
            addedAt INTEGER NOT NULL,
            since INTEGER NOT NULL,
            changedAt INTEGER NOT NULL,
            reason TEXT,
            batch INTEGER,
            exchange INTEGER,
            UNIQUE (identity, action)
        );
        CREATE INDEX entryByState ON entry(action, state, id);
        CREATE INDEX entryByDue ON entry(action, due) WHERE state = \(EntryState.failed.rawValue);
        CREATE INDEX entryByAge ON entry(action, addedAt) WHERE state IN (\(waiting));
        CREATE INDEX entryByReason ON entry(action, changedAt) WHERE reason IS NOT NULL;
        CREATE INDEX entryByExchange ON entry(exchange) WHERE exchange IS NOT NULL;

        CREATE TABLE entryCount (
            action INTEGER NOT NULL,
            state INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (action, state)
        ) WITHOUT ROWID;
        CREATE TRIGGER entryIsAdded AFTER INSERT ON entry BEGIN
            INSERT INTO entryCount VALUES (new.action, new.state, 1)
                ON CONFLICT (action, state) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER entryIsMoved AFTER UPDATE OF state ON entry WHEN old.state <> new.state BEGIN
            UPDATE entryCount SET count = count - 1 WHERE action = old.action AND state = old.state;
            INSERT INTO entryCount VALUES (new.action, new.state, 1)
                ON CONFLICT (action, state) DO UPDATE SET count = count + 1;
        END;

        CREATE TABLE outboxRevision (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL);
        INSERT INTO outboxRevision VALUES (1, 0);
        """

    /// An index of the entries that count against a daily limit, by time.
    static let spending = "CREATE INDEX entryBySpending ON entry(action, changedAt) WHERE state IN (\(spent))"

    /// Until when nothing of an action is begun.
    static let holds = "ALTER TABLE action ADD COLUMN heldUntil INTEGER"

    /// The reason and the start of an action's hold.
    static let reasonsOfHolds = """
        ALTER TABLE action ADD COLUMN holdKind INTEGER;
        ALTER TABLE action ADD COLUMN holdReason TEXT;
        ALTER TABLE action ADD COLUMN holdSince INTEGER;
        """

    /// The event that an entry is for if it describes a failure of another action; NULL for the event of its row.
    static let notes = "ALTER TABLE entry ADD COLUMN note BLOB"

    /// The states in which something was done, or may have been.
    static let spent = list([.done, .uncertain])

    /// The kinds of actions with a limit for a day, in SQL: what they have done counts against it, and stays that long.
    static let kindsWithDailyLimit = "'twilio'"

    /// The states of entries that will still change without a person.
    static let waiting = list(EntryState.allCases.filter(\.isWaiting))

    /// Returns states as a list in SQL.
    static func list(_ states: some Sequence<EntryState>) -> String {
        states.map { String($0.rawValue) }.sorted().joined(separator: ", ")
    }
}

/// The identity of an event in the outbox: its `eventId`, of any type, or without one its delivery and position.
enum EventIdentity {
    /// Returns the identity of a row of the table with this name.
    static func sql(_ event: String = "event") -> String {
        """
        CASE typeof(\(event).eventId) WHEN 'text' THEN 'e' || \(event).eventId
            WHEN 'null' THEN '#' || \(event).delivery || ':' || \(event).position
            ELSE 'j' || hex(\(event).eventId) END
        """
    }
}

// MARK: - Values

/// The storage of a field in a column: strings as TEXT, integers as INTEGER, absent and null as NULL, anything else as
/// a BLOB with its JSON. A string with a NUL is stored as a BLOB too, because SQLite's TEXT ends at the NUL.
extension FieldValue {
    var databaseValue: DatabaseValue {
        switch self {
        case .absent, .null: .null
        case .integer(let integer): integer.databaseValue
        case .string(let string) where !string.utf8.contains(0): string.databaseValue
        case .string(let string): Self.blob(Self.json(string))
        case .other(let json): Self.blob(json)
        }
    }

    private static func blob(_ json: String) -> DatabaseValue {
        Data(json.utf8).databaseValue
    }

    /// Returns a string as JSON, for strings that TEXT cannot store.
    static func json(_ string: String) -> String {
        var writer = JSONWriter()
        writer.string(string)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
