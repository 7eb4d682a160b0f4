import Base
import History
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard
@testable import Receiving

@Suite("The lines around the view")
struct ChromeTests {
    private func session(_ change: (inout Session) -> Void = { _ in }) -> Session {
        var tally = Tally()
        tally[.valid] = 124
        tally[.invalid] = 2
        var session = Session(
            size: Size(columns: 80, rows: 24), now: .now, change: HistoryChange(latestRow: 126, tally: tally),
            keyring: KeyringSummary(secrets: [.prod]),
            listening: .listening(url: "http://127.0.0.1:8080/", isLoopback: true))
        session.measured(
            AnswerTimesSummary(count: 9, median: 1_200, p99: 4_400, until: nil), hasReceivedFromElsewhere: false)
        change(&session)
        return session
    }

    private func top(_ columns: Int, _ change: (inout Session) -> Void = { _ in }) -> String {
        TopLine(session: session(change)).line(columns: columns).spans.map(\.text.string).joined()
    }

    @Test("the top line at its widest says what it counts, with a word for each symbol")
    func wide() {
        #expect(
            top(140)
                == " b2watch   LISTENING http://127.0.0.1:8080/   secret prod (3f9a)   deliveries ✓ 124 valid  ✗ 2 invalid"
                + "   answers 1.2 ms, p99 4.4 ms")
    }

    @Test(
        "it gives way in the stated order, and keeps state and counts",
        arguments: [
            (
                122,
                "http://127.0.0.1:8080/  secret prod (3f9a)  deliveries ✓ 124 valid  ✗ 2 invalid  answers 1.2 ms, p99 4.4 ms"
            ),
            (
                112,
                "127.0.0.1:8080/  secret prod (3f9a)  deliveries ✓ 124 valid  ✗ 2 invalid  answers 1.2 ms, p99 4.4 ms"
            ),
            (98, "127.0.0.1:8080/  secret prod (3f9a)  deliveries ✓ 124 valid  ✗ 2 invalid  p99 4.4 ms"),
            (90, ":8080/  secret prod (3f9a)  deliveries ✓ 124 valid  ✗ 2 invalid  p99 4.4 ms"),
            (80, ":8080/  prod (3f9a)  deliveries ✓ 124 valid  ✗ 2 invalid  p99 4.4 ms"),
            (75, ":8080/  (3f9a)  deliveries ✓ 124 valid  ✗ 2 invalid  p99 4.4 ms"),
            (65, ":8080/  (3f9a)  deliveries ✓ 124 valid  ✗ 2 invalid"), (60, ":8080/  (3f9a)  deliveries ✓ 124  ✗ 2"),
            (41, " (3f9a)  deliveries ✓ 124  ✗ 2"), (33, " deliveries ✓ 124  ✗ 2"), (26, " ✓ 124  ✗ 2"),
        ])
    func givesWay(columns: Int, line: String) {
        #expect(top(columns) == " LISTENING \(line)")
    }

    @Test("at 80 columns there are state, secret and counts with their words, whatever the verdicts")
    func at80() {
        let line = top(80) { session in
            for verdict in SignatureVerdict.counted { session.change.tally[verdict] = 12 }
        }
        #expect(line == " LISTENING :8080/  (3f9a)  deliveries ✓ 12 valid  ✗ 12 invalid  84 other")
    }

    @Test("a history in memory is said to be in memory, as long as anything fits", arguments: [40, 60, 80, 120])
    func inMemory(columns: Int) {
        #expect(top(columns) { $0.isInMemory = true }.contains("in memory"))
        #expect(!top(columns).contains("memory"))
    }

    @Test("tabs keep their names at 80 columns, whatever else there is to report")
    func tabsKeepNames() {
        var user = User.watching(60)
        let tabs = user.lines[1].prefix(60)
        user.press(.character("m"), .character(" "), .character("u"), .character("f"))
        user.type("object:a-rather-long-filter-text-that-matches-nothing")
        user.press(.enter, .character("P"))
        #expect(user.lines[1].prefix(60) == tabs)
        for view in MainView.allCases {
            user.press(.character(Character("\(view.rawValue)")))
            for other in MainView.allCases { #expect(user.lines[1].contains(other.title)) }
        }
        user.press(.character("1"))
        for part in ["filter", "* 1 marked", "◆ 1 selected", "PAUSED"] { #expect(user.lines[2].contains(part)) }
    }

    @Test("the list counts events, where the top line counts deliveries")
    func units() {
        let user = User.watching(60, columns: 120)
        #expect(user.lines[0].contains("deliveries ✓ 60 valid"))
        #expect(user.marks.hasSuffix("60 events   FOLLOW"))
    }

    @Test("without a secret the key for one stays at 80 columns, whatever was counted", arguments: [80, 100, 120])
    func noSecret(columns: Int) {
        for verdict in [SignatureVerdict.valid, .unverified, .missing] {
            let line = top(columns) { session in
                session.hold(KeyringSummary())
                session.change.tally[verdict] = 1_234
            }
            #expect(line.contains("no secret — press s") && line.contains("LISTENING"), "\(line)")
        }
    }

    @Test("without a secret zeros, single verdicts and the address leave before the key for one")
    func noSecretAmongMany() {
        let line = top(80) { session in
            session.hold(KeyringSummary())
            for verdict in SignatureVerdict.counted { session.change.tally[verdict] = 12 }
            session.change.tally[.valid] = 1_234
            session.troubles = [ActionTrouble(action: "rows", kind: .dead, count: 3)]
        }
        #expect(line == " LISTENING  no secret — press s  deliveries ✓ 1,234  ✗ 12  84 other  actions 3!")
        #expect(
            top(60) { session in
                session.hold(KeyringSummary())
                session.change.tally = Tally()
                session.change.tally[.unverified] = 1
            } == " LISTENING :8080/  no secret — press s  deliveries ? 1")
    }

    @Test("a filter is cut no more than it must be")
    func filterFits() {
        let text = "object:photos/2026/cat"
        var shown: [Int] = []
        for columns in 80...140 {
            var user = User.watching(60, columns: columns, rows: 24)
            user.press(.character("f"))
            user.type(text)
            user.press(.enter)
            let marks = user.lines[1].suffix(columns - 62)
            let length = (0...text.count).last { marks.contains("filter " + text.prefix($0)) } ?? 0
            shown.append(length)
        }
        // Where it would be cut to less than says enough it has a line of its own.
        #expect(shown.contains(text.count) && shown.allSatisfy { $0 == 0 || $0 > 18 }, "\(shown)")
    }

    @Test("an overlay's name is in the line of tabs at every width", arguments: [40, 50, 60, 70, 80])
    func overlays(columns: Int) {
        var user = User.watching(3, columns: columns, rows: 12)
        user.press(.character("?"))
        #expect(user.lines[1].contains("[Help"), "\(user.lines[1])")
    }

    @Test("several announcements have two lines each at most")
    func severalAnnouncements() {
        var user = User.watching(30, columns: 80, rows: 24)
        let long =
            "it refuses the delivery; check that it has the signing secret of the rule, and takes what comes from here"
        user.tell(.notice("action one is on hold: \(long). Its events wait, and one is tried now and then; retry"))
        #expect(user.screen.contains("one is tried now and then; retry"), "one alone is whole")
        user.tell(.notice("action two is on hold: \(long). Its events wait, and one is tried now and then; retry"))
        let lines = user.lines.filter { $0.hasPrefix(" ! ") || $0.hasSuffix(" …") }
        #expect(lines.count == 4 && user.screen.contains("action two is on hold"), "\(user.screen)")
    }

    @Test("a switch in the last line names what it would switch to")
    func switches() {
        var user = User.watching(2, columns: 120, rows: 24)
        user.press(.character("2"))
        #expect(user.lines[23].contains("U epoch ms"))
        user.press(.character("U"))
        #expect(user.lines[23].contains("U RFC 3339") && !user.lines[23].contains("U epoch"))
    }

    @Test("the secrets' state")
    func secrets() {
        #expect(top(120) { $0.hold(KeyringSummary()) }.contains("no secret — press s"))
        #expect(
            top(120) {
                $0.hold(KeyringSummary(secrets: [.prod, SecretSummary(label: "x", fingerprint: "0", source: "")]))
            }.contains("/  2 secrets  deliveries "))
    }

    @Test("the listening states in words")
    func states() {
        #expect(top(80) { $0.listening = .starting }.contains(" starting "))
        #expect(top(80) { $0.listening = .draining }.contains(" draining "))
        #expect(top(80) { $0.change.health = .failing("full") }.contains(" NOT RECORDING :8080/  (3f9a)  deliveries "))
    }

    @Test("a store that fails has a line of its own, in red")
    func failing() {
        var user = User.watching(3)
        user.change.health = .failing("The disk is full: 503 goes to B2. Make room in /var.")
        user.tell(.historyChanged(user.change))
        #expect(user.lines[0].hasPrefix(" NOT RECORDING"))
        #expect(user.lines[2] == " ✗ The disk is full: 503 goes to B2. Make room in /var.")
        #expect(user.surface[2, 1].style.role == .bad)
        user.change.health = .recording
        user.tell(.historyChanged(user.change))
        #expect(!user.screen.contains("disk is full"))
    }

    @Test("what the line about a failure says of a truncated index is not said a second time by a read that fails")
    func truncatedIndex() {
        var user = User.watching(3, columns: 120, rows: 36)
        user.change.health = .failing("/h-shm was truncated or overwritten while in use. Start b2watch again.")
        user.tell(.historyChanged(user.change))
        let error = HistoryReadError.indexTruncated(path: "/h")
        user.model.session.tell("The history could not be read: \("\(error)")", .bad)
        user.tell(.historyChanged(user.change))
        #expect(user.screen.contains("-shm was truncated"))
        #expect(user.screen.ranges(of: "-shm was truncated").count == 1)
    }

    @Test("a listener open to others without a secret is warned of until one is held")
    func exposed() {
        var user = User(isLoopback: false)
        #expect(user.lines[2].contains("Others can post here"))
        user.tell(.keyringChanged(KeyringSummary(secrets: [.prod])))
        #expect(!user.screen.contains("Others can post here"))
    }

    @Test("the executable's warning stays until it is taken back")
    func warning() {
        var user = User()
        user.tell(.warning("The clock is wrong."))
        user.press(.character("j"))
        #expect(user.lines[2] == " ! The clock is wrong.")
        user.tell(.warning(nil))
        #expect(!user.screen.contains("clock"))
    }

    @Test("the answer to a key goes by itself, or at the next key")
    func notices() {
        var user = User.watching(3)
        user.paste("qq")
        #expect(user.lines[22].contains("The paste was dropped"))
        #expect(user.model.deadline == user.now + Session.noticeTime)
        user.wait(Session.noticeTime)
        #expect(!user.screen.contains("dropped"))
        #expect(user.model.deadline == nil)
        user.paste("qq")
        user.press(.character("j"))
        #expect(!user.screen.contains("dropped"))
    }

    @Test("what is told from outside stays until somebody is there to read it")
    func announcements() {
        var user = User.watching(3)
        user.tell(.notice("one \u{1b}"))
        user.tell(.notice("two"))
        user.tell(.notice("two"))
        #expect(user.lines[21] == " ! one \\x1b")
        #expect(user.lines[22] == " ! two")
        #expect(user.model.deadline == nil, "it wakes for nothing")
        user.wait(.seconds(86_400))
        user.tell(.notice("three"))
        #expect(user.screen.contains("! one"))
        user.press(.character("j"))
        #expect(!user.screen.contains("! one"), "it was there to be read")
        #expect(user.screen.contains("! three"), "nobody reads that fast")
        user.wait(Session.readingTime)
        user.press(.character("j"))
        #expect(!user.screen.contains("! three"))
    }

    @Test("answer times that age out set the deadline")
    func ageing() {
        var user = User.watching(3)
        let until = user.now + .seconds(300)
        user.tell(
            .measured(
                AnswerTimesSummary(count: 1, median: 900, p99: 900, until: until), hasReceivedFromElsewhere: false))
        #expect(user.model.deadline == until)
        user.wait(.seconds(300))
        #expect(user.model.deadline == nil)
        user.tell(
            .measured(
                AnswerTimesSummary(count: 1, median: 900, p99: 900, until: until), hasReceivedFromElsewhere: false))
        #expect(user.model.deadline == nil, "a moment gone by is no deadline")
    }
}

@Suite("Sizes")
struct SizesTests {
    @Test("below 40x10 the screen says so, and comes back")
    func tooSmall() {
        var user = User.watching(30)
        let before = user.screen
        user.resize(30, 8)
        #expect(user.lines[0] == "40x10 at least, this is 30x8")
        user.resize(39, 24)
        #expect(user.lines[0] == "40x10 at least, this is 39x24")
        user.resize(80, 24)
        #expect(user.screen == before)
    }

    @Test("every view draws at every size", arguments: [1, 9, 10, 12, 20, 24, 100])
    func allSizes(rows: Int) {
        let views: [[Key]] = [
            [], [.tab], [.enter], [.character("2")], [.character("s")], [.character("s"), .character("a")],
            [.character("?")], [.character("c")], [.control("z")], [.character("f"), .character("(")],
            [.character("C")],
            [.character("/"), .character("c")], [.character("m"), .character("A"), .character(">")],
        ]
        for keys in views {
            var user = User.watching(40)
            user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
            user.tell(.warning("Something is odd."))
            for key in keys { user.press(key) }
            for columns in [1, 39, 40, 80, 140, 300] {
                user.resize(columns, rows)
                #expect(user.lines.count == rows)
            }
        }
    }

    @Test("the newest row is seen at every size", arguments: [(40, 10), (60, 16), (80, 24), (120, 36), (200, 60)])
    func newestIsSeen(columns: Int, rows: Int) {
        let user = User.watching(200, columns: columns, rows: rows)
        #expect(user.hasRow("16:46:20", selected: true))
    }

    @Test("a notice does not move the list where there is a pane")
    func noticeLeavesTheList() {
        var user = User.watching(200)
        let before = Array(user.lines[2..<13])
        user.tell(.notice("a line"))
        #expect(Array(user.lines[2..<13]) == before)
    }
}

/// Every screen at every height that is low, and at widths on both sides of wherever something changes. The short form draws
/// each height at two of the widths, which take turns, so that each screen is drawn at each width several times; and one of the
/// three states of a screen at each height, which take turns too.
@Suite("Every size")
struct SweepTests {
    private static let widths = [20, 40, 60, 71, 72, 100, 120]
    private static let ways: [[Key]] = [
        [], [.tab], [.enter], [.character("v"), .tab], [.character("2")], [.character("3")], [.character("4")],
        [.character("6")], [.character("7")], [.character("7"), .tab], [.character("7"), .tab, .tab, .tab],
        [.character("s")], [.character("s"), .character("a")], [.character("?")], [.character("c")], [.character("C")],
        [.character("y")], [.character("x")], [.character("q")],
    ]

    @Test("is drawn, with what is told and with what is typed too", arguments: ways)
    func draws(way: [Key]) async throws {
        let (first, history) = try await PulseTests.user()
        defer { history.close() }
        var user = first
        user.press(.character("1"))
        user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
        for key in way { user.press(key) }
        var told = user
        told.tell(.warning("The file of secrets can be read by others: chmod 600 ~/.config/b2watch/secrets"))
        told.tell(
            .notice("An announcement that is so long that it takes two lines of a low screen"))
        var typing = told
        typing.press(.character(":"))
        typing.type("show-")
        for (turn, one) in [user, told, typing].enumerated() { try draw(one, turn) }
    }

    private func draw(_ user: User, _ turn: Int) throws {
        for rows in 1...20 where LongTests.areWanted || rows % 3 == turn {
            let few = [rows + turn, rows * 3 + turn + 1].map { Self.widths[$0 % Self.widths.count] }
            for columns in LongTests.areWanted ? Self.widths : few {
                var user = user
                user.resize(columns, rows)
                let lines = user.lines
                try #require(lines.count == rows, "\(columns)x\(rows)")
                try #require(lines.allSatisfy { $0.count <= columns }, "\(columns)x\(rows)")
            }
        }
    }
}
