import SafeText
import Testing

@testable import Dashboard

@Suite("A bar of stacked verdicts")
struct PulseColumnTests {
    private func layers(_ counts: [Int], most: Int, height: Int = 4) -> [Int] {
        PulseColumn(counts: counts, most: most, height: height).cells.map(\.layer)
    }

    @Test("its height is its share of the highest, in eighths of a cell")
    func heights() {
        let cells = PulseColumn(counts: [0, 5], most: 10, height: 3).cells
        #expect(cells.map(\.eighths) == [8, 4])
        #expect(PulseColumn(counts: [0, 10], most: 10, height: 3).cells.map(\.eighths) == [8, 8, 8])
    }

    @Test("what is there at all is seen")
    func tiny() {
        #expect(PulseColumn(counts: [0, 1], most: 1_000_000, height: 3).cells.map(\.eighths) == [1])
        #expect(layers([0, 9_999, 1], most: 10_000) == [1, 1, 1, 2])
    }

    @Test("each layer has a glyph of its own, in the top cell too")
    func glyphs() {
        let layers = PulseLayer.all
        #expect(Set(layers.map { $0.glyph(eighths: 8) }).count == layers.count)
        // 3 valid and 1 missing, in a bar that ends within a cell.
        let top = PulseColumn(counts: [0, 3, 0, 1, 0], most: 6, height: 4).cells
        #expect(top.last?.layer == 3 && top.last.map { $0.eighths < 8 } == true)
        #expect(top.last.map { layers[$0.layer].glyph(eighths: $0.eighths) } == "▒")
        #expect(layers[1].glyph(eighths: 4) == "▄")
    }

    @Test("what has no room gives way to what stands above it")
    func crowded() {
        #expect(layers([1, 1, 1, 1], most: 8, height: 2).count == 1)
        #expect(layers([0, 0], most: 8).isEmpty)
        #expect(layers([1, 1], most: 0).isEmpty)
    }
}
