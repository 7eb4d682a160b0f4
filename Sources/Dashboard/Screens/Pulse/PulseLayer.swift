import History
import Notifications
import SafeText
import Terminal

/// A layer of a bar: verdicts that mean the same to who looks, with a glyph of its own, so that it is told from the others
/// without colours too.
struct PulseLayer {
    let verdicts: [SignatureVerdict]
    let glyph: SafeText
    let style: Style
    /// Whether its height is drawn in eighths of a cell. There are such glyphs for whole blocks alone: the top cell of any
    /// other layer is drawn whole, since what it is matters more than how much of it.
    let hasEighths: Bool

    private init(_ verdicts: SignatureVerdict..., glyph: SafeText, hasEighths: Bool = false) {
        self.verdicts = verdicts
        self.glyph = glyph
        self.hasEighths = hasEighths
        style = verdicts[0].style
    }

    /// From the bottom of a bar to its top: problems are where they are seen.
    static let all = [
        PulseLayer(.unjudged, glyph: "·"), PulseLayer(.valid, glyph: "█", hasEighths: true),
        PulseLayer(.unverified, glyph: "░"), PulseLayer(.removed, .missing, .malformed, .unsupported, glyph: "▒"),
        PulseLayer(.invalid, glyph: "▓"),
    ]

    /// What a cell of it shows.
    func glyph(eighths: Int) -> SafeText {
        guard hasEighths, (1..<8).contains(eighths) else { return glyph }
        return SafeText(String("▁▂▃▄▅▆▇".dropFirst(eighths - 1).prefix(1)))
    }

    /// Which glyph stands for what, of all that is in the bars.
    static func legend(_ pulse: Pulse) -> StyledLine {
        all.reduce(StyledLine()) { line, layer in
            let present = layer.verdicts.filter { verdict in
                pulse.bars.contains { $0[verdict.rawValue] > 0 }
            }
            guard !present.isEmpty else { return line }
            let words = present.map { SafeText($0.title) }.joined(separator: ", ")
            return line + StyledLine("  ") + StyledLine(layer.glyph, layer.style)
                + StyledLine(" " + words, Style(.secondary))
        }
    }
}
