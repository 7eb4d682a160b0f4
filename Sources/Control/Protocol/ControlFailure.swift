/// Why a listener cannot be asked, or what it answered instead.
public enum ControlFailure: Error, Sendable, Hashable {
    /// There is no control socket.
    case absent
    /// Its socket is there, but nobody answers at it.
    case deserted
    /// This user may not speak to it.
    case notPermitted
    /// Who answers is neither the history's owner nor root, but this user.
    case stranger(user: UInt32)
    /// It speaks another version of the protocol.
    case otherVersion(ControlHello)
    /// It does not speak to us; its own words.
    case refused(String)
    /// It is not a b2watch, or a broken one.
    case garbled
    /// The connection ended.
    case ended
    /// It is there, and does not answer in time.
    case silent
    /// It did not do what was asked; its own words, in a sentence.
    case failed(String)
    /// The system does not let us; its own words.
    case system(String)
}

extension ControlFailure: CustomStringConvertible {
    /// In a sentence.
    public var description: String {
        switch self {
        case .absent: "no listener has a control socket here"
        case .deserted: "nobody answers at the control socket"
        case .notPermitted: "the listener belongs to another user"
        case .stranger(let user): "user \(user) answers at the control socket, who does not own the history"
        case .otherVersion(let other):
            "the listener is b2watch \(other.b2watch), which speaks version \(other.protocol) of the control protocol;"
                + " this one speaks \(ControlHello.currentProtocol)"
        case .refused(let reason): "the listener refused: \(reason)"
        case .garbled: "what answers at the control socket is no b2watch"
        case .ended: "the listener has ended the connection"
        case .silent: "the listener does not answer"
        case .failed(let reason): reason
        case .system(let reason): "the control socket cannot be used (\(reason))"
        }
    }
}
