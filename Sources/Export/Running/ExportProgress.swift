/// How far an export is.
public struct ExportProgress: Sendable, Hashable {
    public var unit: ExportUnit
    /// Records written.
    public var written: Int
    /// Requests that are left out because a table of events has no line for them.
    public var leftOut = 0
    /// Rows looked at, of all that are to be looked at.
    public var looked: Int64
    public var total: Int64

    /// A progress.
    public init(unit: ExportUnit, written: Int, leftOut: Int = 0, looked: Int64, total: Int64) {
        self.unit = unit
        self.written = written
        self.leftOut = leftOut
        self.looked = looked
        self.total = total
    }

    /// From 0 to 100.
    public var percent: Int {
        total > 0 ? Int(min(100, Double(looked) / Double(total) * 100)) : 100
    }

    /// A bar with its numbers, some fifty columns of ASCII; the numbers alone where there is no room for it.
    public func bar(columns: Int) -> String {
        let number = String(percent)
        let numbers = "\(String(repeating: " ", count: 3 - number.utf8.count))\(number) %  \(unit.counted(written))"
        let width = min(24, columns - numbers.utf8.count - 3)
        guard width >= 4 else { return numbers }
        let filled = width * percent / 100
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        return "[\(bar)] \(numbers)"
    }
}
