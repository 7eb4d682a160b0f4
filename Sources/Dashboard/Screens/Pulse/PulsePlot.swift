/// The columns of the bars. All of the plot is theirs, so where it is no multiple of their number some are a column wider
/// than others.
struct PulsePlot {
    private let bars: Int
    private let columns: Int

    init(bars: Int, columns: Int) {
        self.bars = max(1, bars)
        // Those of a wider screen, as long as nothing else is counted, run over the edge.
        self.columns = max(columns, self.bars)
    }

    /// The columns of a bar with the gap behind it.
    func columns(of bar: Int) -> Range<Int> { bar * columns / bars..<(bar + 1) * columns / bars }

    /// How many columns of a bar are drawn: a gap tells bars apart where there is room for one.
    func width(of bar: Int) -> Int {
        let width = columns(of: bar).count
        return columns / bars > 2 ? width - 1 : width
    }

    /// The bar of a column, which may lie behind the last one.
    func bar(at column: Int) -> Int { ((column + 1) * bars - 1) / columns }

    /// How many bars have so many columns together, at least one.
    func bars(in columns: Int) -> Int { max(1, columns * bars / self.columns) }
}
