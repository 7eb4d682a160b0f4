import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

@Suite("Kept screens: the detail")
struct DetailScreensTests {
    @Test("Summary, Headers, Body", arguments: readingScenes)
    func reading(scene: Scene) async throws { try await scene.expect() }

    @Test("Signature", arguments: signatureScenes)
    func signature(scene: Scene) async throws { try await scene.expect() }

    /// A row that is the last event of a delivery of so many.
    private static func user(_ size: Size, events count: Int = 2) -> User {
        let events = (1...count).map { number in
            """
            {"eventId":"e\(number)","eventType":"b2:ObjectCreated:Upload","objectName":"photos/2026/cat-\(number).jpg",\
            "objectSize":10485760,"eventTimestamp":1795538580000,"bucketName":"my-bucket","bucketId":"aea8c5bc362a",\
            "matchedRuleName":"allEvents","objectVersionId":"4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c",\
            "future":{"tags":["a","b"],"hidden":null}}
            """
        }
        var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
        user.bodies[1] = Array(#"{"events":[\#(events.joined(separator: ","))]}"#.utf8)
        user.headers[1] = [
            HeaderField("Host", "b2watch.example"), HeaderField("User-Agent", "B2/EventNotifications"),
            HeaderField("X-Bz-Event-Notification-Signature", "v1=" + String(repeating: "0123456789abcdef", count: 4)),
            HeaderField("Authorization", "Bearer not-for-everybody"), HeaderField("X-Tenant", "acme"),
        ]
        var row = Make.row(1, name: "photos/2026/cat-\(count).jpg")
        (row.position, row.eventCount) = (count - 1, count)
        user.arrive([row])
        return user
    }

    private static func scene(_ name: String, events: Int = 2, _ keys: Key...) -> Scene {
        Scene(name) { size in
            var user = user(size, events: events)
            for key in keys { user.press(key) }
            return user
        }
    }

    private static func body(_ name: String, _ body: [UInt8], _ keys: Key...) -> Scene {
        Scene(name) { size in
            var user = user(size)
            user.bodies[1] = body
            user.press(.enter, .right, .right)
            for key in keys { user.press(key) }
            return user
        }
    }

    private static let readingScenes: [Scene] = [
        scene("detail-pane", events: 1, .tab).everySize,
        scene("detail-summary", .enter).everySize,
        scene("detail-headers", .enter, .right, .end),
        scene("detail-headers-on", .enter, .right, .character("w"), .down, .down),
        scene("detail-body", .enter, .right, .right).everySize,
        scene(
            "detail-body-folded", events: 6, .enter, .right, .right, .down, .down, .character("z"), .down,
            .character("z")),
        scene("detail-body-hex", .enter, .right, .right, .character("v")),
        scene("detail-body-raw", .enter, .right, .right, .character("v"), .character("v")),
        scene("detail-body-end", .enter, .right, .right, .character("#"), .end),
        body("detail-body-error", Array(#"{"events": [{"eventId": "e1", "objectSize": 10485760,}]}"#.utf8)),
        body("detail-body-empty", []),
        body("detail-body-binary", (0..<200).map { UInt8($0) }),
        body("detail-body-hostile", Array("{\"events\":[{\"objectName\":\"\u{1B}[2J\u{202E}猫\"}]}".utf8)),
        scene("detail-search", .enter, .right, .right, .character("/"), .character("e"), .character("2")),
        scene("copy", .character("y")).everySize,
        scene("copy-detail", .enter, .right, .right, .down, .character("Y")),
        Scene("copied") { size in
            var user = user(size)
            user.press(.character("y"), .character("c"))
            return user
        },
        Scene("detail-request") { size in
            var user = User.amid([Make.request(1)], size: size)
            user.press(.enter)
            return user
        },
    ]

    private static let signatureScenes: [Scene] = [
        signed("signature-valid", "{}", as: "{}", .valid),
        signed("signature-newline", "{}\n", as: "{}", .invalid).everySize,
        signed("signature-unknown", "{}", as: "[]", .invalid, HeaderField("Via", "1.1 proxy.example")),
        Scene("signature-missing") { size in
            var user = User.amid([Make.row(1, verdict: .missing)], size: size)
            user.headers[1] = [HeaderField("Host", "example.com")]
            user.keyring = try Keyring([SigningSecret(label: "prod", value: Make.secret)])
            user.press(.enter, .left)
            return user
        },
        Scene("signature-unverified") { size in
            var user = User(columns: size.columns, rows: size.rows)
            user.arrive([Make.row(1, verdict: .unverified)])
            user.press(.enter, .left)
            return user
        },
        Scene("signature-request") { size in
            var user = User.amid([Make.request(1)], size: size)
            user.keyring = try Keyring([SigningSecret(label: "prod", value: Make.secret)])
            user.press(.enter, .left)
            return user
        },
    ]

    private static func signed(
        _ name: String, _ body: String, as other: String, _ verdict: SignatureVerdict, _ more: HeaderField...
    ) -> Scene {
        Scene(name) { size in
            let secret = try SigningSecret(label: "prod", value: Make.secret)
            var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
            user.keyring = try Keyring([secret])
            user.bodies[1] = Array(body.utf8)
            user.headers[1] =
                [HeaderField("X-Bz-Event-Notification-Signature", secret.signature(of: Array(other.utf8)))] + more
            user.arrive([Make.row(1, verdict: verdict)])
            user.press(.enter, .left)
            return user
        }
    }
}
