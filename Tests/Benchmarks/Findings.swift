/// The results, printed as they are found, and whether each bound is kept.
struct Findings {
    private(set) var broken: [String] = []

    /// Prints a value, in columns.
    func report(_ name: String, _ value: String) {
        print("  \(name)\(String(repeating: " ", count: max(1, 44 - name.count)))\(value)")
    }

    /// Prints a value that has a bound.
    mutating func expect(_ name: String, _ value: String, _ bound: String, holds: Bool) {
        report(name, "\(value)  (\(bound))\(holds ? "" : "  BROKEN")")
        if !holds { broken.append("\(name): \(value), but \(bound)") }
    }
}
