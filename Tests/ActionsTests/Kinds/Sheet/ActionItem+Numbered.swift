import History
import Notifications
import TestSupport

@testable import Actions

extension ActionItem {
    /// An item of an entry of its own, whose event's object has this name.
    static func numbered(_ number: Int, object: String? = nil) -> ActionItem {
        let name = object ?? "photos/\(number).jpg"
        var item = ActionItem.sample(SampleEvent(id: "event-\(number)", object: name, size: Int64(number)))
        item.entry = Int64(number)
        item.row.id = Int64(number) + 1_000
        return item
    }

    /// Items whose names are all that a file of values could stumble over.
    static func awkward(_ count: Int, from first: Int = 1) -> [ActionItem] {
        let names = ["a,b.jpg", "line\nbreak", "say \"hi\"", "=HYPERLINK(\"x\")", "\"\r\n\"", "café 🐈", "", "-1+1"]
        return (first..<first + count).map { .numbered($0, object: names[$0 % names.count]) }
    }
}
