import Notifications
import SafeText

/// What was pasted, without the white space at its ends.
struct PastedText {
    /// Nil where the paste is not UTF-8.
    let text: String?
    private let leftOut: Int

    init(_ bytes: [UInt8]) {
        guard let whole = String(validating: bytes, as: UTF8.self) else {
            text = nil
            leftOut = 0
            return
        }
        let trimmed = String(SigningSecret.trim(whole))
        text = trimmed
        leftOut = whole.unicodeScalars.count - trimmed.unicodeScalars.count
    }

    /// Whether it looks as a signing secret of B2 does.
    var looksLikeSecret: Bool {
        text.map { SigningSecret.looksUsual(Array($0.utf8)) } ?? false
    }

    /// What was left out.
    var note: SafeText? {
        switch leftOut {
        case 0: nil
        case 1: "1 white-space character at the ends was left out."
        default: "\(leftOut) white-space characters at the ends were left out."
        }
    }
}
