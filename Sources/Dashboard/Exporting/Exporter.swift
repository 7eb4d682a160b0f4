import Export
import Foundation
import History
import Synchronization
import Workers

/// Writes rows to files, one file at a time, on a thread of its own.
final class Exporter: Sendable {
    /// From one word of its progress to the next.
    private static let pause = Duration.milliseconds(100)

    private let reader: HistoryReader
    private let worker = Worker("b2watch-export")
    private let turns = Turns()
    private let file = Mutex<WholeFile?>(nil)

    init(_ reader: HistoryReader) {
        self.reader = reader
    }

    /// Leaves nothing of a file that is not whole.
    func cancel() {
        _ = turns.next()
        file.withLock { $0 }?.discard()
    }

    func export(
        _ request: ExportRequest, progress: @escaping @Sendable (ExportProgress) -> Void,
        then tell: @escaping @Sendable (Result<ExportOutcome, EffectFailure>) -> Void
    ) {
        let turn = turns.next()
        worker.async { [self] in
            let result = Result { try write(request, turn, progress) }
            tell(turn.isCurrent ? result.mapError(EffectFailure.init) : .success(.cancelled))
        }
    }

    private func write(
        _ request: ExportRequest, _ turn: Turns.Turn, _ progress: (ExportProgress) -> Void
    ) throws -> ExportOutcome {
        let path = Self.expanded(request.path)
        if let refusal = Self.refusal(path) { throw ExportRefusal(description: refusal) }
        var status = stat()
        if !request.mayReplace, stat(path, &status) == 0 { return .exists(request) }
        let format = ExportFormat.named(request.format) ?? .csv
        let selection: Export.Selection =
            switch request.rows {
            case .matching(let predicate, let last): .matching(predicate, through: last)
            case .chosen(let ids): .rows(ids)
            }
        let export = Export(selection, by: format.writer(ExportOptions(timestamps: request.timestamps)))
        let file = try WholeFile(path)
        self.file.withLock { $0 = file }
        defer { self.file.withLock { $0 = nil } }
        do {
            var next = ContinuousClock.now + Self.pause
            let result = try export.run(
                reading: reader, isCancelled: { !turn.isCurrent },
                progress: {
                    guard ContinuousClock.now >= next else { return }
                    next = .now + Self.pause
                    progress($0)
                }, write: { try file.write($0) })
            try file.finish()
            return .written(result, path: path)
        } catch {
            file.discard()
            throw error
        }
    }

    private static func expanded(_ path: String) -> String {
        path.hasPrefix("~/") ? (path as NSString).expandingTildeInPath : path
    }

    /// The history itself, or any other database, is nothing to write over.
    private static func refusal(_ path: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        var status = stat()
        guard fstat(handle.fileDescriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return "\(path) is no ordinary file: give another name"
        }
        let isDatabase = (try? handle.read(upToCount: 15)) == Data("SQLite format 3".utf8)
        let isPart = ["-wal", "-shm", "-journal", ".lock"].contains { path.hasSuffix($0) }
        return isDatabase || isPart ? "\(path) is a database, or a part of one: give another name" : nil
    }
}
