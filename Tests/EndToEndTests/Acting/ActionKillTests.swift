import Foundation
import Harness
import Synchronization
import TestSupport
import Testing

@Suite("Actions under kill -9", .blocking)
struct ActionKillTests {
    private static let rounds = LongTests.count(10, long: 50)
    private static let eventsOfRound = 3

    /// The moment at which the process is killed.
    private enum Moment: CaseIterable {
        /// After B2 has its answers.
        case answered
        /// Before the batch is applied.
        case batchComes
        case aMomentLater
        /// After the batch is applied, and before its answer.
        case batchIsApplied
        /// After new rows are in the file.
        case rowsAreWritten
    }

    /// The rounds that wait for a batch, which take a second each.
    private static let moments: [Moment] = [
        .batchComes, .answered, .aMomentLater, .rowsAreWritten, .aMomentLater, .batchIsApplied, .answered,
        .aMomentLater,
        .rowsAreWritten, .aMomentLater,
    ]

    /// Kills the current process, at most once.
    private final class Killer: Sendable {
        private let armed = Mutex<(process: pid_t, mishap: FakeGoogle.Mishap)?>(nil)

        func arm(_ process: pid_t, _ mishap: FakeGoogle.Mishap) { armed.withLock { $0 = (process, mishap) } }

        func strike() -> FakeGoogle.Mishap {
            armed.withLock { armed in
                guard let target = armed else { return .none }
                armed = nil
                kill(target.process, SIGKILL)
                return target.mishap
            }
        }
    }

    @Test("write each row once into the sheet and into the file after many kills")
    func exactlyOnce() throws {
        let stand = try GoogleStand()
        defer { stand.stop() }
        let home = try Home(configuration: "")
        let key = try home.folder.write("key.json", stand.google.keyFile())
        try home.configure(
            "actions:\n  sheet:\n" + stand.settings(keyFile: key) + "  file:\n    kind: csv\n    file: ~/rows.csv\n")
        let secret = try home.secretFile(Secrets.value)
        let killer = Killer()
        stand.google.onBatch { killer.strike() }
        var generator = SeededGenerator(seed: 4)
        var sent: [String] = []
        for round in 0..<Self.rounds {
            let moment = Self.moments[round % Self.moments.count]
            let listener = try RunningListener(in: home, "--secret-file", secret)
            let client = try listener.connect()
            if moment == .batchComes { killer.arm(listener.child.id, .lostBefore) }
            if moment == .batchIsApplied { killer.arm(listener.child.id, .lostAfter) }
            do {
                for number in 0..<Self.eventsOfRound {
                    let name = "round-\(round)-\(number)"
                    guard try client.answer(to: .event(name, object: name, signedWith: Secrets.held)).status == 200
                    else { break }
                    sent.append(name)
                }
            } catch {
                // It was killed in the meantime: nothing was acknowledged then.
            }
            switch moment {
            case .answered: break
            case .aMomentLater: usleep(UInt32.random(in: 0..<60_000, using: &generator))
            case .rowsAreWritten:
                if let last = sent.last { _ = try home.text(of: "rows.csv") { $0.contains(",\(last),") } }
            // In these rounds the fake kills the process.
            case .batchComes, .batchIsApplied: _ = listener.child.end()
            }
            listener.child.signal(SIGKILL)
            #expect(listener.child.end() == .signalled(SIGKILL))
        }

        let listener = try RunningListener(in: home, "--secret-file", secret)
        let all = Set(sent)
        let names = try wait(for: "all rows") { all.isSubset(of: stand.names) ? stand.names : nil }
        // Deliveries whose answers were lost may be there too; nothing is there twice.
        #expect(names.count == Set(names).count)
        let text = try home.text(of: "rows.csv") { text in all.allSatisfy { text.contains(",\($0),") } }
        let lines = text.split(whereSeparator: \.isNewline).dropFirst()
        #expect(lines.count == Set(lines).count)
        #expect(Set(names).count == lines.count)
        try listener.stop()
        #expect(stand.names == names)
    }
}
