extension PulseScreen {
    /// Does what a key asks for.
    mutating func perform(_ command: Command) {
        switch command {
        case .zoomIn: zoom(span.closer)
        case .zoomOut: zoom(span.wider)
        case .panEarlier: pan(pages: -1)
        case .panLater: pan(pages: 1)
        case .nextSection: moveSection(by: 1)
        case .previousSection: moveSection(by: -1)
        case .up: moveShare(by: -1)
        case .down: moveShare(by: 1)
        case .pageUp: moveShare(by: -10)
        case .pageDown: moveShare(by: 10)
        case .toStart: if section == .bars { toOldest() } else { moveShare(toStart: true) }
        case .toEnd: if section == .bars { toLatest() } else { moveShare(toStart: false) }
        default: break
        }
    }
}
