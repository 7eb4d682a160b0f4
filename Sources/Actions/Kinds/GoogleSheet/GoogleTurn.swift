internal import Foundation

/// Lets those take turns that write to the same sheet.
final class GoogleTurn: Sendable {
    private static let all = SharedByKey<GoogleTurn>()

    private let lock = NSLock()

    private init() {}

    static func of(_ settings: GoogleSheetSettings) -> GoogleTurn {
        all.value("\(settings.api)\n\(settings.spreadsheet)\n\(settings.sheet)") { GoogleTurn() }
    }

    /// Does something while nobody else writes to the sheet.
    func take<Result>(_ body: () throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }
}
