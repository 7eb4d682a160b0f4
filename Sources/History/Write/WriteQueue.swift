/// The order of writes: deliveries first, as many as have queued in one transaction; the rest in slices between them.
///
/// A pure state machine: the shell around it does what `next()` says.
struct WriteQueue<Delivery, Slice> {
    /// What to write next.
    enum Step {
        /// These deliveries, in one transaction.
        case batch([Delivery])
        /// One slice of other work, a few milliseconds at most.
        case slice(Slice)
        /// Nothing is queued; `add` will say when to start again.
        case rest
    }

    /// How many deliveries one transaction holds at most.
    static var largestBatch: Int { 512 }
    /// How many batches go before a slice that waits, so that a steady load does not starve it.
    static var batchesPerSlice: Int { 4 }

    /// How many deliveries may wait, and how many bytes they may hold.
    let capacity: Int
    let byteCapacity: Int

    private var deliveries: [(delivery: Delivery, bytes: Int)] = []
    private var bytes = 0
    private var slices: [Slice] = []
    private var batchesSinceSlice = 0
    private var isRunning = false
    private var isClosed = false

    init(capacity: Int, byteCapacity: Int) {
        self.capacity = capacity
        self.byteCapacity = byteCapacity
    }

    /// Whether a delivery would be taken.
    var hasRoom: Bool { !isClosed && deliveries.count < capacity && bytes < byteCapacity }

    /// What has become of something added.
    enum Added: Equatable {
        /// Queued; the writer is at work and will come to it.
        case queued
        /// Queued; start the writer.
        case start
        /// Not taken: the queue is full, or closed.
        case full
    }

    mutating func add(_ delivery: Delivery, bytes size: Int) -> Added {
        let fits = deliveries.isEmpty || (deliveries.count < capacity && bytes + size <= byteCapacity)
        guard fits, !isClosed else { return .full }
        deliveries.append((delivery, size))
        bytes += size
        return started()
    }

    mutating func add(_ slice: Slice) -> Added {
        guard !isClosed else { return .full }
        slices.append(slice)
        return started()
    }

    /// Takes nothing more; what is queued is still to be written.
    mutating func close() {
        isClosed = true
    }

    private mutating func started() -> Added {
        defer { isRunning = true }
        return isRunning ? .queued : .start
    }

    mutating func next() -> Step {
        if !slices.isEmpty, deliveries.isEmpty || batchesSinceSlice >= Self.batchesPerSlice {
            batchesSinceSlice = 0
            return .slice(slices.removeFirst())
        }
        guard !deliveries.isEmpty else {
            batchesSinceSlice = 0
            isRunning = false
            return .rest
        }
        if !slices.isEmpty { batchesSinceSlice += 1 }
        let batch = deliveries.prefix(Self.largestBatch)
        deliveries.removeFirst(batch.count)
        bytes -= batch.reduce(0) { $0 + $1.bytes }
        return .batch(batch.map(\.delivery))
    }
}
