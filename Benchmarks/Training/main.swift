// Times learning: whole training runs with Stable-Baselines3's default settings, and one training step of a network
// against OpenBLAS. One line of JSON for Benchmarks/run.
//
//     lab-training run dqn|ppo|both ENVIRONMENTS [SEED]
//     lab-training viper ENVIRONMENTS [SEED]
//     lab-training step
//     lab-training scaling ENVIRONMENTS

import PositionedJSON

let words = CommandLine.arguments.dropFirst()
switch words.first {
case "run" where words.count >= 3:
    let names = words[words.startIndex + 1] == "both" ? ["dqn", "ppo"] : [words[words.startIndex + 1]]
    let seed = words.count > 3 ? UInt64(words[words.startIndex + 3]) ?? 0 : 0
    let task = try BalancingTask(environments: words[words.startIndex + 2])
    print(JSONValue.array(try names.map { try task.run($0, seed: seed).json() }).text(pretty: false))
case "viper" where words.count >= 2:
    let seed = words.count > 2 ? UInt64(words[words.startIndex + 2]) ?? 0 : 0
    print(try BalancingTask(environments: words[words.startIndex + 1]).viper(seed: seed).text(pretty: false))
case "step":
    print(JSONValue.array(TrainingStep.shapes.map { $0.measure().json() }).text(pretty: false))
case "scaling" where words.count == 2:
    let task = try BalancingTask(environments: words[words.startIndex + 1])
    print(try task.scaling().text(pretty: false))
default:
    print(
        "usage: lab-training run dqn|ppo|both ENVIRONMENTS [SEED] | viper ENVIRONMENTS [SEED] | step | scaling ENVIRONMENTS"
    )
}
