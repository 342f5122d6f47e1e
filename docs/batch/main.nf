// Nextflow: nextflow run main.nf --clips /data/clips --out /data/out --shards 4
// The outputs go to --out themselves, which must be a folder that all nodes share; a shard that is tried
// again skips what it has done.
params.clips = 'clips'
params.out = 'out'
params.shards = 4

process SHARD {
    cpus 4
    memory '8 GB'
    maxRetries 3
    errorStrategy { task.exitStatus in [2, 42] ? 'finish' : 'retry' }

    input:
    val index

    output:
    val index

    script:
    """
    ferpipe batch '${params.clips}' -o '${params.out}' --shard ${index}/${params.shards} \
        --workers ${task.cpus} --quiet
    """
}

process COLLECT {
    input:
    val shards

    script:
    """
    ferpipe batch collect '${params.out}' -o '${params.out}.parquet' --summary '${params.out}.summary.csv' --overwrite
    """
}

workflow {
    SHARD(Channel.of(1..params.shards)) | collect | COLLECT
}
