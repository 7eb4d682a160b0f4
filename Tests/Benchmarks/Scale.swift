import Foundation
import Harness
import TestSupport

/// A million events compared with a thousand: their use on the screen takes the same time, and a search of all of them
/// about as long as with SQLite itself.
enum Scale {
    /// - Parameters:
    ///   - large: A history made by `make-history`; nil to make one.
    ///   - part: The part to measure.
    static func measure(
        _ findings: inout Findings, large: String?, _ part: (String, inout Findings) throws -> Void = whole
    ) throws {
        let folder = TemporaryFolder()
        var file = folder.file("large.sqlite")
        if let large {
            file = large
        } else {
            print("making a history of 1,000,000 events")
            try LargeHistory.make(file, events: 1_000_000)
        }
        try part(file, &findings)
    }

    static func whole(_ file: String, _ findings: inout Findings) throws {
        let folder = TemporaryFolder()
        let small = folder.file("small.sqlite")
        try LargeHistory.make(small, events: 1_000)
        try ScaleSearch.measure(file, &findings)
        try ScaleSearch.cold(file, &findings)
        try ScaleScreen.first(file, &findings)
        try ScaleScreen.measure(small: small, large: file, &findings)
    }
}
