import Terminal
import Testing

/// A way to a screen, to be gone at any size.
struct Scene: Sendable, CustomTestStringConvertible {
    /// The sizes at which every screen is kept.
    static let sizes = [Size(columns: 60, rows: 15), Size(columns: 80, rows: 24), Size(columns: 120, rows: 40)]

    let name: String
    let reach: @Sendable (Size) async throws -> User

    init(_ name: String, _ reach: @escaping @Sendable (Size) async throws -> User) {
        self.name = name
        self.reach = reach
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
