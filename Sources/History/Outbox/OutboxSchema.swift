/// The tables of the outbox.
///
/// `entry.identity` tells events apart, and `entry.since` is from when it counts how long an entry is tried: its first
/// attempt since it was made, a person had it tried again, or its action was on hold. The entries of a batch share one exchange. `entryCount` is kept by triggers,
/// for counting a million entries would take most of a second.
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

    /// What was spent of a limit of a day, by its time.
    static let spending = "CREATE INDEX entryBySpending ON entry(action, changedAt) WHERE state IN (\(spent))"

    /// Until when nothing of an action is begun.
    static let holds = "ALTER TABLE action ADD COLUMN heldUntil INTEGER"

    /// Why nothing of an action is begun, and since when.
    static let reasonsOfHolds = """
        ALTER TABLE action ADD COLUMN holdKind INTEGER;
        ALTER TABLE action ADD COLUMN holdReason TEXT;
        ALTER TABLE action ADD COLUMN holdSince INTEGER;
        """

    /// What an entry is for that describes a failure of another action; NULL for the event of its row.
    static let notes = "ALTER TABLE entry ADD COLUMN note BLOB"

    /// The states in which something was done, or may have been.
    static let spent = list([.done, .uncertain])

    /// The states in which something is still to happen by itself.
    static let waiting = list(EntryState.allCases.filter(\.isWaiting))

    /// States as a list in SQL.
    static func list(_ states: some Sequence<EntryState>) -> String {
        states.map { String($0.rawValue) }.sorted().joined(separator: ", ")
    }
}

/// How the outbox tells events apart: by `eventId`, whatever it is, or where there is none by delivery and position.
enum EventIdentity {
    /// Of a row of the table of this name.
    static func sql(_ event: String = "event") -> String {
        """
        CASE typeof(\(event).eventId) WHEN 'text' THEN 'e' || \(event).eventId
            WHEN 'null' THEN '#' || \(event).delivery || ':' || \(event).position
            ELSE 'j' || hex(\(event).eventId) END
        """
    }
}
