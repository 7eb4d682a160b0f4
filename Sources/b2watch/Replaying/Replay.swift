import Dashboard
import Foundation
import History
import Notifications
import Outgoing

/// Sends recorded deliveries again, one after the other. Blocks while it does.
struct Replay: Sendable {
    /// What became of one.
    struct Outcome: Sendable {
        let delivery: Int64
        let result: Result<OutgoingAnswer, Failure>

        /// As it is counted.
        var counted: ReplayCount.Outcome {
            switch result {
            case .success(let answer): .answered(answer.status)
            case .failure(.unanswered(.lost(let reason))): .unanswered(reason)
            case .failure(.unanswered(let failure)): .refused("\(failure)")
            case .failure(.refused(let refusal)): .refused("\(refusal)")
            }
        }
    }

    /// Why there is no answer.
    enum Failure: Error, Sendable, CustomStringConvertible {
        case refused(ReplayRefusal)
        case unanswered(OutgoingFailure)

        var description: String {
            switch self {
            case .refused(let refusal): "\(refusal)"
            case .unanswered(let failure): "\(failure)"
            }
        }
    }

    /// How long one may take, from connecting to the end of the answer.
    private static let limit = Duration.seconds(30)

    let reader: HistoryReader
    let http: any HTTPSending
    let url: WebhookURL
    /// Signs anew with it; nil leaves signatures as they came.
    var secret: SigningSecret?
    var allowsPlainHTTP = false
    /// The least time from one to the next.
    var pace = Duration.zero

    /// Sends them in this order until all are sent, or `told` says no more.
    ///
    /// - Parameter told: Is told what became of each; it returns whether to go on.
    /// - Throws: What SQLite says.
    func send(_ deliveries: some Sequence<Int64>, told: (Outcome) throws -> Bool) throws {
        var next = ContinuousClock.now
        for id in deliveries {
            if pace > .zero {
                let rest = next - .now
                if rest > .zero { Thread.sleep(forTimeInterval: rest / .seconds(1)) }
                next = max(next, .now - pace) + pace
            }
            guard try told(Outcome(delivery: id, result: try send(id))) else { return }
        }
    }

    private func send(_ id: Int64) throws -> Result<OutgoingAnswer, Failure> {
        guard let record = try reader.delivery(id) else { return .failure(.refused(.notRecorded)) }
        let replayed: ReplayRequest
        do throws(ReplayRefusal) {
            replayed = try ReplayRequest(
                record.delivery, to: url, signedWith: secret, allowsPlainHTTP: allowsPlainHTTP)
        } catch {
            return .failure(.refused(error))
        }
        do throws(OutgoingFailure) {
            return .success(try http.send(replayed.request, within: Self.limit))
        } catch {
            return .failure(.unanswered(error))
        }
    }
}
