import Base
import History
import Notifications
import Receiving
import Terminal
import Testing

@testable import Dashboard

@Suite("Kept screens: the lists")
struct ListScreensTests {
    @Test("1 Events", arguments: eventsScenes)
    func events(scene: Scene) async throws { try await scene.expect() }

    @Test("Filter and search", arguments: findingScenes)
    func finding(scene: Scene) async throws { try await scene.expect() }

    @Test("2 Table and the choice of columns", arguments: tableScenes)
    func table(scene: Scene) async throws { try await scene.expect() }

    @Test("3 Deliveries and 6 Log", arguments: othersScenes)
    func others(scene: Scene) async throws { try await scene.expect() }

    @Test("5 Rules", arguments: rulesScenes)
    func rules(scene: Scene) async throws {
        try await scene.expect()
        try await scene.expect(at: Size(columns: 120, rows: 36))
    }

    private static let rulesScenes = [
        ruleScene("rules-no-key", of: { AccountScript() }), ruleScene("rules").everySize,
        ruleScene("rules-suspended", .down),
        ruleScene("rules-details", .enter), ruleScene("rules-save-secret", .character("i")),
        ruleScene("rules-edit", .character("e"), .tab, .tab, .character("p"), .character("/")),
        ruleScene("rules-difference", .character("e"), .tab, .tab, .character("p"), .enter),
        ruleScene("rules-create", .character("a")), ruleScene("rules-comparing", .character("C")),
        Scene("rules-missing") { size in
            let account = AccountScript.sample()
            var state = ComparisonState(number: 1)
            state.report = .sample
            account.change { $0.comparison = [state] }
            var user = AccountRulesTests.watching(account, columns: size.columns, rows: size.rows)
            user.press(.character("C"))
            return user
        },
    ]

    private static func ruleScene(
        _ name: String, of account: @escaping @Sendable () -> AccountScript = { .sample() }, _ keys: Key...
    ) -> Scene {
        Scene(name) { size in
            var user = AccountRulesTests.watching(account(), columns: size.columns, rows: size.rows)
            for key in keys { user.press(key) }
            return user
        }
    }

    private static func scene(_ name: String, _ keys: Key...) -> Scene {
        Scene(name) { size in
            var user = User.amid(size: size)
            for key in keys { user.press(key) }
            return user
        }
    }

    private static let eventsScenes: [Scene] = [
        scene("events").everySize,
        scene("events-oldest", .home),
        scene("events-selected", .up, .character(" "), .up, .up, .character(" "), .character("m")).everySize,
        scene("events-paused", .character("P")),
        Scene("events-paused-arrivals") { size in
            var user = User.amid(size: size)
            user.press(.character("P"))
            user.arrive((21...25).map { Make.row($0) })
            return user
        },
        Scene("events-many") { size in
            var user = User.amid((1...12_345).map { Make.row($0) }, size: size)
            user.press(.pageUp)
            return user
        }.everySize,
    ]

    private static let findingScenes: [Scene] = [
        scene("filter-problems", .character("!")),
        scene("filter-marked", .character("m"), .up, .character("m"), .character("M")),
        typed("filter-empty", "f", "object:nothing-of-this-name*", .enter).everySize,
        typed("filter-applied", "f", "sig:invalid | dup:yes", .enter).everySize,
        typed("filter-off", "f", "sig:invalid", .enter, .character("\\")),
        typed("filter-error", "f", "size>big").everySize,
        typed("filter-completion", "f", "s").everySize,
        typed("filter-values", "f", "sig:"),
        Scene("filter-running") { size in
            var user = User.amid(size: size)
            user.lookedAt = 8
            user.press(.character("f"))
            user.type("sig:valid")
            user.press(.enter)
            return user
        },
        typed("search", "/", "photos").everySize,
        typed("search-kept", "/", "photos", .enter, .character("N")),
        typed("search-nothing", "/", "xyzzy"),
    ]

    private static func typed(_ name: String, _ key: Character, _ text: String, _ after: Key...) -> Scene {
        Scene(name) { size in
            var user = User.amid(size: size)
            user.press(.character(key))
            user.type(text)
            for key in after { user.press(key) }
            return user
        }
    }

    private static let tableScenes: [Scene] = [
        scene("table", .character("2")).everySize,
        scene("table-right", .character("2"), .right, .right).everySize,
        scene("table-epoch", .character("2"), .character("U")),
        scene(
            "table-sorted", .character("2"), .character(">"), .character(">"), .character(">"), .character(">")
        ).everySize,
        scene("columns", .character("2"), .character("C")).everySize,
        scene("columns-events", .character("C"), .down, .down),
        scene(
            "table-more-columns", .character("2"), .character("C"), .end, .character(" "), .up, .character(" "), .escape
        ),
    ]

    private static let othersScenes: [Scene] = [
        Scene("deliveries") { size in
            var user = User.amid(size: size)
            for id in [Int64(18), 19, 20] { user.answerTimes[id] = 1_240 * Int(id - 17) }
            user.answerTimes[10] = 3_100_000
            user.sharing = [10: [3]]
            user.addresses = [19: "2001:db8:85a3::8a2e:370:7334"]
            user.press(.character("3"))
            return user
        }.everySize,
        scene("deliveries-request", .character("3"), .home, .down, .down, .down, .down),
        Scene("log") { size in
            var user = logged(size)
            user.press(.character("6"))
            return user
        }.everySize,
        Scene("log-line") { size in
            var user = logged(size)
            user.press(.character("6"), .up, .enter)
            return user
        },
    ]

    private static func logged(_ size: Size) -> User {
        var user = User.amid(size: size)
        user.say("b2watch 0.1.0 started; history /home/me/.local/share/b2watch/history.sqlite")
        user.say("listening on http://127.0.0.1:8080/", source: "listen[7]")
        user.say("203.0.113.9 was refused: the request line is longer than 8,190 bytes", .warning)
        user.say(
            "the history cannot be written: database or disk is full. Free some space; B2 sends again what was "
                + "answered 503 meanwhile, and nothing that was acknowledged is lost.", .error)
        user.say("a test event was answered 200 OK in 2 ms")
        return user
    }
}
