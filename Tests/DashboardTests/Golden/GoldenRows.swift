import Base
import History
import Notifications
import Terminal
import Testing

@testable import Dashboard

/// A history in which something of everything is.
enum GoldenRows {
    static let day: Int64 = 86_400_000

    static var all: [EventRow] {
        var rows = [
            Make.row(1, at: -2 * day), Make.row(2, at: -day),
            Make.row(3, name: "backup/2026/db-full.tar.zst", size: .integer(53_687_091_200), bucket: "offsite"),
            Make.row(4, type: "b2:ObjectDeleted:Delete", size: .absent, verdict: .invalid, rule: "deletions"),
            Make.request(5), Make.row(6, verdict: .missing), Make.row(7, verdict: .malformed),
            Make.row(8, verdict: .unsupported), Make.row(9, verdict: .unverified), Make.row(10, isDuplicate: true),
        ]
        rows += (0..<3).map { position in
            var row = Make.row(11 + Int64(position), name: "logs/part-\(position).gz", size: .integer(0))
            (row.deliveryID, row.position, row.eventCount) = (11, position, 3)
            row.receivedAt = Timestamp(milliseconds: Make.start + 11_000)
            return row
        }
        let long = "archive/" + (1...12).map { "a-rather-long-folder-\($0)" }.joined(separator: "/") + "/report.pdf"
        rows += [
            Make.row(14, name: long, type: "b2:MultipartUploadCreated:LiveRead", bucket: "a-bucket-of-long-name"),
            Make.row(15, name: "写真/二〇二六年/猫の写真と犬の写真.jpg", bucket: "写真"),
            Make.row(16, name: "\u{1B}[31mred\u{1B}[0m\r\nand \u{202E}gpj.exe", verdict: .invalid),
            Make.row(17, name: "e\u{301}te\u{301} 👩‍👩‍👧.txt", size: .other(json: "1.5"), verdict: .missing),
            Make.row(18, name: "notes.txt", type: "b2:ObjectCreated:Copy", size: .integer(999)),
            Make.row(19, name: "photos/2026/dog.jpg", verdict: .invalid),
            Make.row(20, type: "b2:HideMarkerCreated:Hide", size: .null),
        ]
        return rows
    }
}

extension User {
    /// Somebody who looks at such a history.
    static func amid(_ rows: [EventRow] = GoldenRows.all, size: Size) -> User {
        var user = User(columns: size.columns, rows: size.rows, holding: [.prod])
        user.arrive(rows)
        return user
    }

    /// Presses one key so many times.
    mutating func press(_ key: Key, times: Int) {
        for _ in 0..<times { press(key) }
    }
}

// MARK: - Scenes

/// A way to a screen, to be gone at any size.
struct Scene: Sendable, CustomTestStringConvertible {
    /// The size at which each screen is kept, and those at which a screen is kept too whose layout is the subject.
    private static let size = Size(columns: 80, rows: 24)
    private static let sizes = [Size(columns: 60, rows: 15), size, Size(columns: 120, rows: 40)]

    let name: String
    private var sizes = [Self.size]
    let reach: @Sendable (Size) async throws -> User

    init(_ name: String, _ reach: @escaping @Sendable (Size) async throws -> User) {
        self.name = name
        self.reach = reach
    }

    /// The scene at every size, because its layout is the subject.
    var everySize: Self {
        var scene = self
        scene.sizes = Self.sizes
        return scene
    }

    /// Compares the screen with those that are kept, at its sizes.
    func expect(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for size in sizes { try await expect(at: size, sourceLocation: sourceLocation) }
    }

    /// Compares the screen with the one that is kept, for one size.
    func expect(at size: Size, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let user = try await reach(size)
        let lines = user.lines
        #expect(lines.count == size.rows, sourceLocation: sourceLocation)
        Golden.expect(
            user.screen, "\(name)-\(size.columns)x\(size.rows)", sourceLocation: sourceLocation)
    }

    var testDescription: String { name }
}
