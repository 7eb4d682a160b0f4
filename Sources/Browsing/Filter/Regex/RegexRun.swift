extension RegexProgram {
    /// Whether it finds something anywhere in a text. A text that takes more steps than `stepLimit` does not match.
    func matches(_ text: UTF8Text, steps: inout Int) -> Bool {
        let size = instructions.count
        return instructions.withUnsafeBufferPointer { instructions in
            // The ways being followed, those for the next character, those still to look at, and for each instruction the
            // last character that it was looked at for. A split adds two at most, so the third has twice the room.
            withUnsafeTemporaryAllocation(of: Int.self, capacity: 5 * size) { memory in
                memory.initialize(repeating: -1)
                var run = RegexRun(
                    instructions: instructions, text: text, ways: memory[rebase: 0..<size],
                    pending: memory[rebase: size..<3 * size], nextWays: memory[rebase: 3 * size..<4 * size],
                    marks: memory[rebase: 4 * size..<5 * size])
                return run.finds(self, steps: &steps)
            }
        }
    }
}

/// One search through one text.
private struct RegexRun {
    let instructions: UnsafeBufferPointer<RegexProgram.Instruction>
    let text: UTF8Text
    var ways: UnsafeMutableBufferPointer<Int>
    let pending: UnsafeMutableBufferPointer<Int>
    var nextWays: UnsafeMutableBufferPointer<Int>
    let marks: UnsafeMutableBufferPointer<Int>
    var count = 0
    var nextCount = 0

    mutating func finds(_ program: RegexProgram, steps: inout Int) -> Bool {
        var index = 0
        var taken = 0
        defer { steps += taken }
        while true {
            // One may begin at each character; where none has begun, what cannot begin one is passed over.
            if nextCount == 0, let firstBytes = program.firstBytes {
                while index < text.count, !firstBytes[Int(text[index])] { index += 1 }
                if index == text.count { return false }
            }
            if follow(0, at: index, &taken) { return true }
            swap(&ways, &nextWays)
            (count, nextCount) = (nextCount, 0)
            guard index < text.count, taken < program.stepLimit else { return false }
            let unit = text.next(&index)
            for way in 0..<count {
                let place = ways[way]
                taken += 1
                if program.passes(place, unit), follow(place + 1, at: index, &taken) { return true }
            }
            taken += 1
        }
    }

    /// Adds what can be reached from an instruction without a character; true where that is the end.
    private mutating func follow(_ first: Int, at index: Int, _ taken: inout Int) -> Bool {
        var top = 0
        pending[0] = first
        top = 1
        while top > 0 {
            top -= 1
            let place = pending[top]
            guard marks[place] != index else { continue }
            marks[place] = index
            taken += 1
            switch instructions[place] {
            case .found: return true
            case .jump(let target):
                pending[top] = target
                top += 1
            case .split(let one, let other):
                pending[top] = other
                pending[top + 1] = one
                top += 2
            case .start:
                guard index == 0 else { continue }
                pending[top] = place + 1
                top += 1
            case .end:
                guard index == text.count else { continue }
                pending[top] = place + 1
                top += 1
            case .character, .any, .set:
                nextWays[nextCount] = place
                nextCount += 1
            }
        }
        return false
    }
}

extension UnsafeMutableBufferPointer {
    fileprivate subscript(rebase range: Range<Int>) -> UnsafeMutableBufferPointer {
        UnsafeMutableBufferPointer(rebasing: self[range])
    }
}
