import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard
@testable import Receiving

@Suite("Kept screens: what is no list")
struct OtherScreensTests {
    @Test("7 Pulse", arguments: pulseScenes)
    func pulseScreens(scene: Scene) async throws { try await scene.expect() }

    @Test("Secrets", arguments: secretsScenes)
    func secretsScreens(scene: Scene) async throws { try await scene.expect() }

    @Test("Help, first steps, questions", arguments: overlaysScenes)
    func overlaysScreens(scene: Scene) async throws { try await scene.expect() }

    @Test("What is told", arguments: toldScenes)
    func toldScreens(scene: Scene) async throws { try await scene.expect() }

    @Test("A screen too small")
    func tooSmall() async throws {
        try await Scene("too-small") { User.amid(size: $0) }.expect(at: Size(columns: 30, rows: 8))
    }

    @Test("The smallest one, and a wide one with the pane beside")
    func extremes() async throws {
        try await Scene("events") { User.amid(size: $0) }.expect(at: Size(columns: 40, rows: 10))
        try await Scene("events") { User.amid(size: $0) }.expect(at: Size(columns: 170, rows: 45))
    }

    @Test("The meaning of what is shown, as letters")
    func styles() async throws {
        var user = User.amid(size: Size(columns: 80, rows: 24))
        user.press(.up, .up, .character(" "), .character("m"), .up)
        Golden.expect(user.surface.styledText, "styles-events-80x24")
        user.press(.character("/"))
        user.type("photos")
        Golden.expect(user.surface.styledText, "styles-search-80x24")
    }

    private static func scene(_ name: String, _ keys: Key...) -> Scene {
        Scene(name) { size in
            var user = User.amid(size: size)
            for key in keys { user.press(key) }
            return user
        }
    }

    private static let pulseScenes: [Scene] = [
        pulse("pulse").everySize, pulse("pulse-hour", .character("+")),
        pulse("pulse-year", .character("-"), .character("-")),
        pulse("pulse-types", .tab).everySize, pulse("pulse-buckets", .tab, .tab),
        pulse("pulse-timings", .tab, .tab, .tab).everySize,
        Scene("pulse-empty") { size in
            var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
            user.press(.character("7"))
            return user
        },
    ]

    private static func pulse(_ name: String, _ keys: Key...) -> Scene {
        Scene(name) { size in
            var (user, history) = try await PulseTests.user(columns: size.columns, rows: size.rows)
            defer { history.close() }
            for key in keys { user.press(key) }
            return user
        }
    }

    private static let held = [
        SecretSummary(label: "prod", fingerprint: "3f9a", source: "environment", matches: 12_412),
        SecretSummary(
            label: "a label that is rather long", fingerprint: "00c4", binding: .bucket("photos-of-the-year"),
            source: "file prod.txt", isRemembered: true, matches: 0),
        SecretSummary(label: "odd", fingerprint: "b12e", source: "screen", isUsual: false),
    ]

    private static let secretsScenes: [Scene] = [
        Scene("secrets") { size in
            var user = User(columns: size.columns, rows: size.rows, holding: held)
            user.summary = KeyringSummary(secrets: held)
            user.arrive(GoldenRows.all)
            user.press(.character("s"), .down)
            return user
        }.everySize,
        Scene("secrets-none") { size in
            var user = User(columns: size.columns, rows: size.rows)
            user.press(.character("s"))
            return user
        },
        Scene("secret-form") { size in
            var user = User(columns: size.columns, rows: size.rows, holding: held)
            user.press(.character("s"), .character("a"))
            user.paste(" \(Make.secret)\n")
            return user
        }.everySize,
        Scene("secret-form-odd") { size in
            var user = User(columns: size.columns, rows: size.rows)
            user.press(.character("s"), .character("a"))
            user.type("s p?q")
            return user
        },
        Scene("secret-forget") { size in
            var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
            user.press(.character("s"), .character("f"))
            return user
        },
        Scene("secret-remember") { size in
            var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
            user.press(.character("s"), .character("m"))
            return user
        },
    ]

    private static let overlaysScenes: [Scene] = [
        scene("help", .character("?")).everySize,
        scene("help-2", .character("?"), .pageDown),
        scene("help-end", .character("?"), .end),
        Scene("first-steps") { User(columns: $0.columns, rows: $0.rows) }.everySize,
        Scene("first-steps-done") { size in
            var user = User.amid(size: size)
            user.press(.character("c"))
            return user
        },
        Scene("quit") { size in
            var user = User.amid(size: size)
            user.tell(.measured(AnswerTimesSummary(), hasReceivedFromElsewhere: true))
            user.press(.character("q"))
            return user
        }.everySize,
    ]

    private static let toldScenes: [Scene] = [
        told("judging", .rejudged(RejudgeSummary(deliveries: [.valid: 1_000], remaining: 4_000, stage: .running))),
        told(
            "judging-cancelled",
            .rejudged(RejudgeSummary(deliveries: [.valid: 1_000], remaining: 4_000, stage: .cancelled))),
        told("judged", .rejudged(RejudgeSummary(deliveries: [.valid: 4_990, .invalid: 10]))),
        told("warning", .warning("The file of secrets can be read by others: chmod 600 ~/.config/b2watch/secrets"))
            .everySize,
        Scene("exposed") { size in
            var user = User(columns: size.columns, rows: size.rows, isLoopback: false)
            user.arrive([Make.row(1, verdict: .unverified)])
            return user
        },
        Scene("listener-gone") { size in
            var user = User(columns: size.columns, rows: size.rows)
            user.model = DashboardModel(
                Session(
                    size: size, now: user.now, keyring: KeyringSummary(secrets: [.prod]),
                    listening: .listening(url: "http://127.0.0.1:8080/", isLoopback: true), isAttached: true))
            user.arrive(GoldenRows.all)
            user.tell(
                .listening(
                    .away(
                        ListenerAbsence(
                            .gone,
                            reason: "The listener has ended without a word; start it again: "
                                + "b2watch listen --history /home/me/.local/share/b2watch/history.sqlite"))))
            user.press(.character("t"))
            return user
        }.everySize,
    ]

    private static func told(_ name: String, _ event: DashboardEvent) -> Scene {
        Scene(name) { size in
            var user = User.amid(size: size)
            user.tell(event)
            return user
        }
    }
}
