import Foundation

extension Duration {
    /// In milliseconds with one decimal, such as `2.3 ms`.
    var inMilliseconds: String {
        let (seconds, attoseconds) = components
        return String(format: "%.1f ms", Double(seconds) * 1e3 + Double(attoseconds) / 1e15)
    }
}
