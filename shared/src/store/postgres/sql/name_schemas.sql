SELECT set_config('waybill.from', $1, true), set_config('waybill.into', $2, true),
    set_config('waybill.like', $3, true)
