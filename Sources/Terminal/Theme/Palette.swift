/// The colours a terminal has.
enum Palette: Sendable, Hashable, CaseIterable {
    case monochrome, eight, sixteen, many
    /// As many as there are: beyond the first eight, a number is red, green and blue.
    case direct

    init(colours: Int) {
        switch colours {
        case ..<8: self = .monochrome
        case ..<16: self = .eight
        case ..<256: self = .sixteen
        case 256: self = .many
        default: self = .direct
        }
    }
}
