/// What the user is asked before it is done. Only a key answers, never a paste.
enum Question: Hashable {
    case stopReceiving
    case suspend
    /// Forgets the last secret.
    case forget(String)
    case remember(String, file: String)
    /// Writes over a file.
    case replace(ExportRequest)

    func text(_ bindings: Bindings) -> String {
        let answers = bindings.answers
        return switch self {
        case .stopReceiving: "Stop receiving? \(answers)"
        case .suspend: "Suspend? While b2watch sleeps it answers nothing, and B2's deliveries time out. \(answers)"
        case .forget(let label):
            "Forget \(label)? It is the last secret: what arrives then is taken as unverified. \(answers)"
        case .replace(let request): "\(request.path) is there. Replace it? \(answers)"
        case .remember(let label, let file):
            "Write \(label) to \(file), readable by you alone, to be held again after the next start? \(answers)"
        }
    }
}
