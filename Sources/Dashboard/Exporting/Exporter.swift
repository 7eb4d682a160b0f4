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
    /// The file that is being written, for who ends the program.
    private let file = Mutex<WholeFile?>(nil)

    init(_ reader: HistoryReader) {
        self.reader = reader
    }

    /// Gives up the file that is being written. Its writer takes away what there is of it: nobody waits for the disk.
    func cancel() {
        _ = turns.next()
    }

    /// The program ends, perhaps before the writer notices: leaves nothing of a file that is not whole.
    func end() {
        cancel()
        file.withLock { $0 }?.abandon()
    }

    func export(
        _ request: ExportRequest, progress: @escaping @Sendable (ExportProgress) -> Void,
        then tell: @escaping @Sendable (Result<ExportOutcome, EffectFailure>) -> Void
    ) {
        let turn = turns.next()
        worker.async { [self] in
            tell(Result { try write(request, turn, progress) }.mapError(EffectFailure.init))
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
        let columns = ExportColumn.all.filter { request.columns.contains($0.name) }
        let options = ExportOptions(columns: columns, timestamps: request.timestamps)
        let export = Export(selection, by: format.writer(options))
        guard let file = try begin(path, turn) else { return .cancelled }
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
            try file.finish(unless: { !turn.isCurrent })
            // With its folder: nobody need know where b2watch was started.
            return .written(result, path: WholeFile.resolved(path))
        } catch {
            file.discard()
            guard turn.isCurrent else { return .cancelled }
            throw error
        }
    }

    /// Makes the file, unless it is cancelled. Whoever ends the program comes before it is made, or knows of it.
    private func begin(_ path: String, _ turn: Turns.Turn) throws -> WholeFile? {
        try file.withLock { file in
            guard turn.isCurrent else { return nil }
            let new = try WholeFile(path)
            file = new
            return new
        }
    }

    /// `~/` is the home of the environment, as for all other files of ours.
    private static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"], home.hasPrefix("/") else {
            return path
        }
        return home + path.dropFirst()
    }

    /// The history itself, or any other database, is nothing to write over.
    private static func refusal(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let other = "\(path) is no ordinary file: give another name"
        // Opening a pipe would wait for whoever writes it, also one that has just come in the file's place.
        guard status.st_mode & S_IFMT == S_IFREG else { return other }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return other }
        let isDatabase = (try? handle.read(upToCount: 15)) == Data("SQLite format 3".utf8)
        let isPart = ["-wal", "-shm", "-journal", ".lock"].contains { path.hasSuffix($0) }
        return isDatabase || isPart ? "\(path) is a database, or a part of one: give another name" : nil
    }
}
