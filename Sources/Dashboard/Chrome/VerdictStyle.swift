import Notifications
import Terminal

extension SignatureVerdict {
    /// How the verdict looks; its glyph and word say the same without colour.
    var style: Style {
        switch self {
        case .valid: Style(.good)
        case .invalid: Style(.bad)
        case .missing, .malformed, .unsupported, .removed: Style(.warning)
        case .unverified: Style(.notice)
        case .unjudged: Style(.secondary)
        }
    }
}
