import Base
import Foundation
import History
import Notifications
import Terminal
import Testing
import TestSupport

@testable import Dashboard

@Suite("Copying")
struct CopyingTests {
    private static let headers = [
        HeaderField("Host", "b2watch.example"), HeaderField("Authorization", "Bearer sesame"),
        HeaderField("X-Bz-Event-Notification-Signature", "v1=abcd"), HeaderField("X-Tenant", "acme"),
    ]

    private func user(body: String = #"{"events":[{"eventId":"9f1e","objectName":"a\tb"}]}"#) -> User {
        var user = User(columns: 80, rows: 24, holding: [.prod])
        user.bodies[1] = Array(body.utf8)
        user.headers[1] = Self.headers
        user.arrive([Make.row(1)])
        return user
    }

    private func clipboard(_ user: User) -> String? { user.clipboard.map { String(decoding: $0, as: UTF8.self) } }

    @Test("y asks what, a letter copies, and what is said is no more than is known")
    func menu() {
        var user = user(body: "{\"events\":[{}]}")
        user.press(.character("y"))
        #expect(user.model.place.nearest == .copying)
        #expect(
            user.lines[19...23] == [
                " Copy  b body  h headers  r raw request  c curl command  s signature",
                "       v value at the cursor, or object name  i event id",
                " Authorization, cookies and the rule's own header fields become ***; Y copies",
                " them as received.", " Esc leave",
            ])
        user.press(.character("b"))
        #expect(clipboard(user) == "{\"events\":[{}]}")
        #expect(user.lines[22] == " Sent to the terminal: 15 bytes of body.")
        #expect(user.model.place.nearest == .events)
    }

    @Test("with rows selected, all of them are copied in the order of arrival, each request once")
    func several() {
        var user = User(columns: 80, rows: 24, holding: [.prod])
        for id in Int64(1)...4 {
            user.bodies[id] = Array("{\"events\":[{\"eventId\":\"id\(id)\",\"objectName\":\"o\(id)\"}]}".utf8)
            user.headers[id] = id == 2 ? [] : Self.headers
        }
        user.arrive((1...4).map { Make.row($0) })
        user.press(.character("g"), .character(" "), .character(" "), .down, .character(" "), .character("y"))
        #expect(user.screen.contains(" Copy 3 rows selected:"))
        user.press(.character("i"))
        #expect(clipboard(user) == "id1\nid2\nid4")
        #expect(user.screen.contains("of the event id of 3 rows."))
        user.press(.character("y"), .character("v"))
        #expect(clipboard(user) == "o1\no2\no4")
        user.press(.character("y"), .character("s"))
        #expect(clipboard(user) == "v1=abcd\nv1=abcd")
        #expect(user.model.session.notice?.text.string.hasSuffix("1 delivery has none.") == true)
        user.press(.character("y"), .character("h"))
        #expect(clipboard(user)?.components(separatedBy: "\n\nHost: ").count == 2)
        #expect(user.screen.contains("Masked: Authorization, X-Tenant; with Y they are not."))
        // All that are listed, but for one.
        user.press(.character("A"), .character("g"), .character(" "), .character("y"), .character("i"))
        #expect(clipboard(user) == "id2\nid3\nid4")
    }

    @Test("of the events of one delivery, its body is copied once")
    func onceEach() {
        var user = user(body: #"{"events":[{"eventId":"a"},{"eventId":"b"}]}"#)
        var second = Make.row(2)
        (second.deliveryID, second.position) = (1, 1)
        user.arrive([second])
        user.bodies[2] = user.bodies[1]
        user.press(.character("A"), .character("y"), .character("b"))
        #expect(clipboard(user) == #"{"events":[{"eventId":"a"},{"eventId":"b"}]}"#)
        #expect(user.screen.contains("of body of 1 delivery."))
    }

    @Test("a secret held in one of many keeps all from being copied")
    func secretInOneOfMany() throws {
        var user = User(columns: 80, rows: 24, holding: [.prod])
        let value = "0123456789abcdef0123456789abcdef"
        user.keyring = try Keyring([SigningSecret(label: "prod", value: value)])
        user.bodies = [1: Array("one".utf8), 2: Array(value.utf8)]
        user.arrive([Make.row(1), Make.row(2)])
        user.press(.character("A"), .character("y"), .character("b"))
        #expect(user.clipboard == nil)
        #expect(user.screen.contains("secrets are not copied"))
    }

    @Test("Esc and q leave it, and other keys do nothing", arguments: [Key.escape, .character("q")])
    func leaves(key: Key) {
        var user = user()
        user.press(.character("y"), .character("x"), .down)
        #expect(user.model.place.nearest == .copying)
        user.press(key)
        #expect(user.model.place.nearest == .events)
        #expect(user.clipboard == nil)
        #expect(user.ending == nil)
    }

    @Test("every letter copies its own")
    func letters() throws {
        var user = user()
        let body = #"{"events":[{"eventId":"9f1e","objectName":"a\tb"}]}"#
        let expected: [(Character, String)] = [
            ("b", body),
            (
                "h",
                "Host: b2watch.example\nAuthorization: ***\nX-Bz-Event-Notification-Signature: v1=abcd\nX-Tenant: ***\n"
            ),
            (
                "r",
                "POST / HTTP/1.1\r\nHost: b2watch.example\r\nAuthorization: ***\r\n"
                    + "X-Bz-Event-Notification-Signature: v1=abcd\r\nX-Tenant: ***\r\n\r\n" + body
            ),
            ("s", "v1=abcd"), ("i", "9f1e"), ("v", "a\tb"),
        ]
        for (letter, text) in expected {
            user.press(.character("y"), .character(letter))
            #expect(clipboard(user) == text)
        }
        user.press(.character("y"), .character("c"))
        let curl = try #require(clipboard(user))
        #expect(curl.contains("--url 'http://127.0.0.1:8080/'"))
        #expect(!curl.contains("sesame"))
        #expect(
            user.model.session.notice?.text.string.hasSuffix(
                "Masked: Authorization, X-Tenant; with Y they are not.") == true)
    }

    @Test("Y copies what y masks, and warns")
    func unmasked() throws {
        var user = user()
        user.press(.character("Y"))
        #expect(user.screen.contains("All header fields as received, including Authorization"))
        user.press(.character("h"))
        #expect(try #require(clipboard(user)).contains("Authorization: Bearer sesame\n"))
        #expect(!user.screen.contains("Masked"))
    }

    @Test("the value under the cursor, in the body and in the headers")
    func values() {
        var user = user()
        user.press(.enter, .right, .down, .character("y"), .character("v"))
        #expect(clipboard(user) == "***")
        user.press(.down, .character("y"), .character("v"))
        #expect(clipboard(user) == "v1=abcd")
        user.press(.right, .down, .down, .down, .down, .character("y"), .character("v"))
        #expect(clipboard(user) == "a\tb")
        #expect(user.screen.contains("Sent to the terminal: 3 bytes of objectName."))
        user.press(.up, .up, .character("y"), .character("v"))
        #expect(clipboard(user) == #"{"eventId":"9f1e","objectName":"a\tb"}"#)
        user.press(.character("G"), .character("y"), .character("v"))
        #expect(user.screen.contains("No value begins on this line."))
    }

    @Test("what is not there says so")
    func nothing() {
        var user = User(columns: 80, rows: 24, holding: [.prod])
        user.bodies[1] = []
        user.headers[1] = []
        user.arrive([Make.request(1)])
        for (letter, said) in [
            ("b", "The body is empty."), ("h", "The request has no header fields."),
            ("s", "The request has no signature header."), ("i", "No event id here."),
        ] {
            user.press(.character("y"), .character(Character(letter)))
            #expect(user.screen.contains(said))
        }
        user.press(.character("y"), .character("v"))
        #expect(clipboard(user) == "/favicon.ico")
    }

    @Test("rows that come while the menu is open change nothing")
    func staysWithItsRow() {
        var user = user()
        user.press(.character("y"))
        user.bodies[2] = Array("2".utf8)
        user.arrive([Make.row(2)])
        user.press(.character("b"))
        #expect(clipboard(user)?.contains("9f1e") == true)
    }

    @Test("what is too large for a terminal goes to a file of one's own, a new one each time")
    func tooLarge() throws {
        let folder = TemporaryFolder()
        var user = user(body: "\"" + String(repeating: "x", count: Screen.longestCopy) + "\"")
        user.copiesFolder = folder.file("state")
        for name in ["delivery-1-body", "2-delivery-1-body"] {
            user.press(.character("y"), .character("b"))
            #expect(user.clipboard == nil)
            let path = folder.file("state/\(name)")
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == user.bodies[1])
            #expect(try TemporaryFolder.mode(of: path) == 0o600)
            #expect(user.model.session.notice?.text.string.contains("74,996 bytes of body are in \(path)") == true)
        }
        user.copiesFolder = try folder.write("file", "")
        user.press(.character("y"), .character("b"))
        #expect(user.model.session.notice?.text.string.contains("cannot be made.") == true)
    }

    @Test("a link that waits where a copy would go is not followed")
    func link() throws {
        let folder = TemporaryFolder()
        let other = try folder.write("other", "kept")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("delivery-1-body"), withDestinationPath: other)
        let path = try CopyFile.write([1], as: "delivery-1-body", in: folder.path)
        #expect(path == folder.file("2-delivery-1-body"))
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "kept")
    }

    @Test("a secret that is held is not copied, wherever it stands", arguments: ["b", "h", "r", "c"])
    func secrets(letter: String) throws {
        var user = user(body: "{\"a\": \"\(Make.secret)\"}")
        user.keyring = try Keyring([SigningSecret(label: "prod", value: Make.secret)])
        user.headers[1] = [HeaderField("X-Secret", Make.secret)]
        user.press(.character("Y"), .character(Character(letter)))
        #expect(user.clipboard == nil)
        #expect(user.screen.contains("secrets are not copied"))
        user.press(.character("y"), .character("h"))
        #expect(clipboard(user) == "X-Secret: ***\n")
    }

    @Test("a secret is found only whole, and only where it is long enough not to be chance")
    func occurrence() throws {
        let secret = try SigningSecret(label: "a", value: "abcdefgh")
        #expect(secret.occurs(in: Array("xxabcdefghyy".utf8)))
        #expect(secret.occurs(in: Array("abcdefgabcdefgh".utf8)))
        #expect(!secret.occurs(in: Array("xabcdefg".utf8)))
        #expect(!secret.occurs(in: []))
        #expect(try !SigningSecret(label: "a", value: "x").occurs(in: Array("xyz".utf8)))
    }

    @Test("the other deliveries of an event are told, ten of them")
    func others() {
        var user = User(columns: 100, rows: 50, holding: [.prod])
        user.others = (1...12).map {
            EventDelivery(id: $0, receivedAt: Timestamp(milliseconds: Make.start), verdict: .invalid, status: 401)
        }
        user.arrive([Make.row(1)])
        user.press(.enter)
        #expect(user.screen.contains("Other deliveries of this event"))
        #expect(
            user.lines.contains("  2               2026-11-24 16:43:00 +00:00  ✗ invalid  answered 401"))
        #expect(user.lines.filter { $0.contains("answered 401") }.count == 10)
        #expect(user.screen.contains("and more, later"))
    }
}
