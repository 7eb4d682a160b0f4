import History
import Notifications
import Synchronization
import Workers

/// Judges ranges of recorded deliveries on several threads, which yield the processor to whatever answers.
final class JudgingLanes: Sendable {
    /// What was made of a range: its parts from the newest on, fewer than all of it where judging was ended.
    typealias Parts = [Rejudgement]

    /// Two: one HMAC is computed while another delivery is read, and the writer is the third that works.
    private static let lanes = 2
    private static let partBytes = 8 << 20

    private let reader: HistoryReader
    private let workers = (1...lanes).map { Worker("rejudger \($0)", isBackground: true) }
    private let next = Atomic<Int>(0)

    init(_ reader: HistoryReader) {
        self.reader = reader
    }

    /// Judges a range as soon as a lane is free.
    ///
    /// - Parameter mayGoOn: Asked before each part.
    func judge(
        _ deliveries: ClosedRange<Int64>, by keys: KeyringHolder.Current, at time: Timestamp,
        mayGoOn: @escaping @Sendable () -> Bool
    ) -> Handoff<Parts> {
        let result = Handoff<Parts>()
        let lane = next.wrappingAdd(1, ordering: .relaxed).oldValue % workers.count
        workers[lane].async { [reader] in
            result.give(Result { try Self.parts(of: deliveries, keys, time, reader, mayGoOn) })
        }
        return result
    }

    /// Waits until all that was begun is done.
    func wait() {
        for worker in workers { worker.wait() }
    }

    private static func parts(
        of deliveries: ClosedRange<Int64>, _ keys: KeyringHolder.Current, _ time: Timestamp, _ reader: HistoryReader,
        _ mayGoOn: () -> Bool
    ) throws -> Parts {
        let verifier = RecordVerifier(keys.verifier)
        var parts: Parts = []
        var rest: ClosedRange<Int64>? = deliveries
        while let range = rest, mayGoOn() {
            let part = try reader.judge(range, generation: keys.generation, at: time, bytes: partBytes) { request in
                try verifier.judge(request)
            }
            parts.append(part)
            let isWhole = part.deliveries.lowerBound == range.lowerBound
            rest = isWhole ? nil : range.lowerBound...(part.deliveries.lowerBound - 1)
        }
        return parts
    }
}
