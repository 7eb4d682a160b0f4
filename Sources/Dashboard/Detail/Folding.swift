import Notifications
import Terminal

/// Which of a document's lines are shown, and which are folded away.
struct Folding: Hashable {
    /// The lines of the source whose containers are folded.
    private(set) var folded: Set<Int> = []
    /// The lines of the document that are shown; nil for all.
    private var shown: [Int]?
    private var all = 0

    /// How many lines are shown.
    var count: Int { shown?.count ?? all }

    /// The document's line that is shown at a place.
    func line(at place: Int) -> Int { shown?[place] ?? place }

    /// The place at which a line is shown, or the line that holds it.
    func place(of line: Int) -> Int {
        guard let shown else { return line }
        var (low, high) = (0, shown.count)
        while low < high {
            let middle = (low + high) / 2
            if shown[middle] <= line { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// Folds what opens on these lines of the source, and nothing else. Costs as much as lines are shown.
    mutating func fold(_ folded: Set<Int>, in document: DetailDocument) {
        let layout = document.layout
        self.folded = folded
        all = document.lines.count
        guard !folded.isEmpty else {
            shown = nil
            return
        }
        var shown: [Int] = []
        var next = 0
        for opening in folded.sorted() {
            let first = layout.firstLine(ofSource: opening)
            guard first >= next, let fold = layout.fold(opening: opening) else { continue }
            shown += next...first
            next = layout.firstLine(ofSource: fold.lines.upperBound + 1)
        }
        shown += next..<max(next, all)
        self.shown = shown
    }

    /// Shows a line of the source, whatever it is folded into.
    mutating func reveal(_ source: Int, in document: DetailDocument) {
        let hiding = folded.filter { opening in
            document.layout.fold(opening: opening).map { $0.lines.contains(source) && opening != source } ?? false
        }
        if !hiding.isEmpty { fold(folded.subtracting(hiding), in: document) }
    }
}
